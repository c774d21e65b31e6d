# SPDX-License-Identifier: MIT
# cmake -C cmake/presets/release.cmake -B build-release
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(XFSWRITE_DEBUG OFF CACHE BOOL "")
