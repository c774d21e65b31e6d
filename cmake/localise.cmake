# SPDX-License-Identifier: MIT
#
# The static library as one relocatable object, in which only what include/ marks XFS_API is global:
# the names that the folders of lib/ share (about a thousand, xfs_... like those of other XFS
# libraries) cannot clash with anything in the program.  Where that cannot be done - link-time
# optimisation, sanitizers and coverage, whose sections must stay as the compiler made them, or tools
# that are missing - the archive holds the objects as they are.
#
# Groups of sections are dissolved: a linker keeps one of several equal groups (the thunks of 32-bit
# x86), and our references would go to one that was thrown away, because their names are local.

# Does the compiler link with -r, and does objcopy make hidden symbols local?
function(xfswrite_can_localise result)
  set(${result} FALSE PARENT_SCOPE)
  if(XFSWRITE_SANITIZE OR XFSWRITE_COVERAGE OR XFSWRITE_FUZZ OR CMAKE_CONFIGURATION_TYPES OR
     CMAKE_INTERPROCEDURAL_OPTIMIZATION OR NOT CMAKE_OBJCOPY OR NOT UNIX OR APPLE)
    return()
  endif()
  string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
  if("${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}}" MATCHES "-flto|-fsanitize|-fprofile|--coverage")
    return()
  endif()
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/localise)
  file(WRITE ${dir}/a.c "int inner(void);\n__attribute__((visibility(\"default\"))) int outer(void) { return inner(); }\n")
  file(WRITE ${dir}/b.c "int inner(void);\nint inner(void) { return 1; }\n")
  separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
  execute_process(
    COMMAND ${CMAKE_C_COMPILER} ${flags} -fPIC -fvisibility=hidden -c a.c b.c
    WORKING_DIRECTORY ${dir} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(NOT failed)
    execute_process(COMMAND ${CMAKE_C_COMPILER} ${flags} -r -nostdlib -Wl,--force-group-allocation -o all.o a.o b.o
      WORKING_DIRECTORY ${dir} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  endif()
  if(NOT failed)
    execute_process(COMMAND ${CMAKE_OBJCOPY} --localize-hidden all.o
      WORKING_DIRECTORY ${dir} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  endif()
  if(NOT failed AND CMAKE_NM)
    execute_process(COMMAND ${CMAKE_NM} -g --defined-only all.o
      WORKING_DIRECTORY ${dir} RESULT_VARIABLE failed OUTPUT_VARIABLE names ERROR_QUIET)
    if(NOT names MATCHES "outer" OR names MATCHES "inner")
      set(failed 1)
    endif()
  endif()
  if(NOT failed)
    set(${result} TRUE PARENT_SCOPE)
  endif()
endfunction()

# xfswrite_localised_object(OBJECTS RESULT): sources for add_library(... STATIC ...).
function(xfswrite_localised_object objects result)
  xfswrite_can_localise(can)
  set(XFSWRITE_LOCALISED ${can} PARENT_SCOPE)
  if(NOT can)
    message(STATUS "the static library keeps its internal symbols global")
    set(${result} $<TARGET_OBJECTS:${objects}> PARENT_SCOPE)
    return()
  endif()
  set(all ${CMAKE_CURRENT_BINARY_DIR}/xfswrite.o)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
  add_custom_command(OUTPUT ${all}
    COMMAND ${CMAKE_C_COMPILER} ${flags} -r -nostdlib -Wl,--force-group-allocation -o ${all} $<TARGET_OBJECTS:${objects}>
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${all}
    DEPENDS ${objects} $<TARGET_OBJECTS:${objects}>
    COMMENT "One object, internal symbols local" COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${all} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  set(${result} ${all} PARENT_SCOPE)
endfunction()
