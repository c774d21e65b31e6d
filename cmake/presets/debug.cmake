# SPDX-License-Identifier: MIT
# cmake -C cmake/presets/debug.cmake -B build-debug
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(XFSWRITE_DEBUG ON CACHE BOOL "")
