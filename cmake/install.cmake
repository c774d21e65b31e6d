# SPDX-License-Identifier: MIT
#
# cmake --install: libraries, headers, xfswrite.pc for pkg-config, and a package
# for find_package(xfswrite).  Nothing in them depends on where the build was.
include(CMakePackageConfigHelpers)

install(TARGETS xfswrite_shared xfswrite_static EXPORT xfswriteTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/xfswrite ${PROJECT_BINARY_DIR}/include/xfswrite
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

# Programs see these names; what the static library needs is named, not found in the build.
set_target_properties(xfswrite_shared PROPERTIES EXPORT_NAME xfswrite)
set(XFSWRITE_PC_REQUIRES_PRIVATE)
set(XFSWRITE_PC_LIBS_PRIVATE)
set(XFSWRITE_STATIC_NEEDS)
if(XFSWRITE_BLKID)
  list(APPEND XFSWRITE_PC_REQUIRES_PRIVATE blkid)
  list(APPEND XFSWRITE_STATIC_NEEDS blkid)
endif()
if(XFSWRITE_THREADS)
  set(XFSWRITE_PC_LIBS_PRIVATE -pthread)
  list(APPEND XFSWRITE_STATIC_NEEDS Threads::Threads)
endif()
list(JOIN XFSWRITE_PC_REQUIRES_PRIVATE " " XFSWRITE_PC_REQUIRES_PRIVATE)
target_link_libraries(xfswrite_static INTERFACE
  "$<INSTALL_INTERFACE:${XFSWRITE_STATIC_NEEDS}>")

install(EXPORT xfswriteTargets NAMESPACE xfswrite::
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/xfswrite)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/xfswriteConfig.cmake.in
  ${PROJECT_BINARY_DIR}/xfswriteConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/xfswrite)
# Before 1.0 a minor version may break what the one before promised.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xfswriteConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/xfswriteConfig.cmake
  ${PROJECT_BINARY_DIR}/xfswriteConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/xfswrite)

# The prefix is where xfswrite.pc is found: --prefix, DESTDIR and moving it later all work.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(XFSWRITE_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
  set(XFSWRITE_PC_LIBDIR ${CMAKE_INSTALL_LIBDIR})
else()
  file(RELATIVE_PATH XFSWRITE_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" XFSWRITE_PC_PREFIX "\${pcfiledir}/${XFSWRITE_PC_PREFIX}")
  set(XFSWRITE_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(XFSWRITE_PC_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR})
else()
  set(XFSWRITE_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/xfswrite.pc.in ${PROJECT_BINARY_DIR}/xfswrite.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/xfswrite.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
