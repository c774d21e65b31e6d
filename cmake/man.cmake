# SPDX-License-Identifier: MIT
#
# Manual pages of section 3, made from the comments of the public headers.
find_package(Python3 QUIET COMPONENTS Interpreter)
if(Python3_Interpreter_FOUND)
  set(man_default ON)
else()
  set(man_default OFF)
  message(STATUS "python3 is missing: the library's manual pages are not made")
endif()
option(XFSWRITE_MAN "Make and install the library's manual pages (needs python3)" ${man_default})
if(XFSWRITE_MAN AND NOT Python3_Interpreter_FOUND)
  message(FATAL_ERROR "XFSWRITE_MAN needs python3")
endif()
if(XFSWRITE_MAN)
  file(GLOB man_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/xfswrite/*.h)
  set(man_source ${PROJECT_SOURCE_DIR}/lib/man)
  set(XFSWRITE_MAN_DIR ${PROJECT_BINARY_DIR}/man)
  add_custom_command(OUTPUT ${XFSWRITE_MAN_DIR}/man3/libxfswrite.3
    COMMAND Python3::Interpreter ${man_source}/pages.py ${PROJECT_SOURCE_DIR}/include/xfswrite
      ${man_source}/libxfswrite.3.in ${PROJECT_VERSION} ${XFSWRITE_MAN_DIR}
    DEPENDS ${man_headers} ${man_source}/pages.py ${man_source}/contracts.py
      ${man_source}/libxfswrite.3.in
    COMMENT "Making manual pages" VERBATIM)
  add_custom_target(xfswrite_man ALL DEPENDS ${XFSWRITE_MAN_DIR}/man3/libxfswrite.3)
  install(DIRECTORY ${XFSWRITE_MAN_DIR}/man3 DESTINATION ${CMAKE_INSTALL_MANDIR})
endif()
