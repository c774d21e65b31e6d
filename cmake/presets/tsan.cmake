# SPDX-License-Identifier: MIT
# cmake -C cmake/presets/tsan.cmake -B build-tsan
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(XFSWRITE_DEBUG ON CACHE BOOL "")
set(XFSWRITE_SANITIZE thread CACHE STRING "")
