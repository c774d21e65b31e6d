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
