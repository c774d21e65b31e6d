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
