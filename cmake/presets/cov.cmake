# SPDX-License-Identifier: MIT
# cmake -C cmake/presets/cov.cmake -B build-cov
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(XFSWRITE_DEBUG ON CACHE BOOL "")
set(XFSWRITE_COVERAGE ON CACHE BOOL "")
