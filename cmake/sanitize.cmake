# SPDX-License-Identifier: MIT
# -DXFSWRITE_SANITIZE=address,undefined | thread ; -DXFSWRITE_COVERAGE=ON
set(XFSWRITE_SANITIZE "" CACHE STRING "Comma-separated sanitizers for everything built")
option(XFSWRITE_COVERAGE "gcov instrumentation" OFF)
if(XFSWRITE_SANITIZE)
  add_compile_options(-fsanitize=${XFSWRITE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${XFSWRITE_SANITIZE})
endif()
if(XFSWRITE_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

# libFuzzer targets of tests/fuzz (clang): the library must count its own branches.
option(XFSWRITE_FUZZ "libFuzzer targets (clang)" OFF)
if(XFSWRITE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
