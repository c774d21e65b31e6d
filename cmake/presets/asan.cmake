# SPDX-License-Identifier: MIT
# cmake -C cmake/presets/asan.cmake -B build-asan
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(XFSWRITE_DEBUG ON CACHE BOOL "")
set(XFSWRITE_SANITIZE address,undefined CACHE STRING "")
