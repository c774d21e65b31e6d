# SPDX-License-Identifier: MIT
#
# gcc 12.2 at -O3 folds two induction variables of a loop into one address and then takes the
# function for one that does not write through its argument: xfs_iext_rekey() used a path that
# xfs_iext_find_path() had "not" filled.  The analysis that goes wrong gains nothing here.
include(CheckCCompilerFlag)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  check_c_compiler_flag(-fno-ipa-modref HAVE_NO_IPA_MODREF)
  if(HAVE_NO_IPA_MODREF)
    add_compile_options(-fno-ipa-modref)
  endif()
endif()

# musl-gcc on a glibc host looks for headers in musl's folder only; those of the Linux kernel (linux/,
# asm/, asm-generic/) serve every C library and are the host's.
include(CheckIncludeFile)
check_include_file(linux/fs.h HAVE_LINUX_FS_H)
if(NOT HAVE_LINUX_FS_H AND NOT CMAKE_CROSSCOMPILING AND EXISTS /usr/include/linux/fs.h)
  set(headers ${CMAKE_BINARY_DIR}/kernel-headers)
  file(MAKE_DIRECTORY ${headers})
  file(GLOB asm /usr/include/asm /usr/include/${CMAKE_SYSTEM_PROCESSOR}-linux-gnu*/asm)
  list(GET asm 0 asm)
  foreach(folder IN ITEMS /usr/include/linux /usr/include/asm-generic ${asm})
    get_filename_component(name ${folder} NAME)
    file(CREATE_LINK ${folder} ${headers}/${name} SYMBOLIC)
  endforeach()
  add_compile_options(-idirafter ${headers})
endif()

# 64-bit times where the C library lets the program choose (32-bit glibc); the public headers refuse
# programs that have chosen otherwise.
include(CheckTypeSize)
set(CMAKE_EXTRA_INCLUDE_FILES time.h)
check_type_size(time_t XFSWRITE_DEFAULT_TIME_T)
set(CMAKE_EXTRA_INCLUDE_FILES)
