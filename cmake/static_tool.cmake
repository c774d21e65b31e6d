# SPDX-License-Identifier: MIT
#
# XFSWRITE_STATIC_TOOL: libblkid and libarchive are used when they, and all that they need, can be
# linked statically.  XFSWRITE_BLKID and XFSWRITE_ARCHIVE are what to link; empty: not used.
include(CheckCSourceCompiles)

function(xfswrite_static_dep prefix result header call)
  set(CMAKE_REQUIRED_INCLUDES ${${prefix}_STATIC_INCLUDE_DIRS})
  set(CMAKE_REQUIRED_LIBRARIES ${${prefix}_STATIC_LDFLAGS})
  set(CMAKE_REQUIRED_LINK_OPTIONS -static)
  check_c_source_compiles("#include <stddef.h>\n#include <${header}>\nint main(void) { ${call} }"
    HAVE_STATIC_${prefix})
  if(HAVE_STATIC_${prefix})
    set(${result} ${${prefix}_STATIC_LDFLAGS} PARENT_SCOPE)
  else()
    message(STATUS "no static ${header}: xfsw goes without it")
    set(${result} PARENT_SCOPE)
  endif()
endfunction()

set(XFSWRITE_BLKID)
set(XFSWRITE_ARCHIVE)
if(BLKID_FOUND AND XFSWRITE_STATIC_TOOL)
  xfswrite_static_dep(BLKID XFSWRITE_BLKID blkid.h "return blkid_new_probe() == NULL;")
elseif(BLKID_FOUND)
  set(XFSWRITE_BLKID PkgConfig::BLKID)
endif()
if(ARCHIVE_FOUND AND XFSWRITE_STATIC_TOOL)
  xfswrite_static_dep(ARCHIVE XFSWRITE_ARCHIVE archive.h
    "struct archive *a = archive_read_new(); return archive_read_support_filter_all(a) + archive_read_support_format_all(a);")
elseif(ARCHIVE_FOUND)
  set(XFSWRITE_ARCHIVE PkgConfig::ARCHIVE)
endif()
