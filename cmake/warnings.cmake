# SPDX-License-Identifier: MIT
# One set of warnings for everything we build; an error in CI.
add_library(xfswrite_warnings INTERFACE)
target_compile_options(xfswrite_warnings INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes
  -Wpointer-arith -Wcast-qual -Wvla -Wundef -Wno-sign-conversion)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
  target_compile_options(xfswrite_warnings INTERFACE -Wno-gnu-empty-initializer)
endif()
if(XFSWRITE_WERROR)
  target_compile_options(xfswrite_warnings INTERFACE -Werror)
  # The tests hold sizes of small files and images in 64 bits and give them to memcpy() and the like.
  if(CMAKE_SIZEOF_VOID_P EQUAL 4)
    target_compile_options(xfswrite_warnings INTERFACE -Wno-error=conversion)
  endif()
endif()
