# SPDX-License-Identifier: MIT
# cmake -C cmake/presets/fuzz.cmake -B build-fuzz
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(XFSWRITE_DEBUG ON CACHE BOOL "")
set(XFSWRITE_FUZZ ON CACHE BOOL "")
set(XFSWRITE_SANITIZE address,undefined CACHE STRING "")
