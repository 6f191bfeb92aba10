# The target check_headers compiles every header of every room by itself.
add_custom_target(check_headers)
get_property(rooms GLOBAL PROPERTY MOESCOPE_ROOMS)
foreach(room IN LISTS rooms)
  set(folder ${MOESCOPE_FOLDER_${room}})
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE "${CMAKE_SOURCE_DIR}"
    "${CMAKE_SOURCE_DIR}/${folder}/*.hpp")
  set(units "")
  foreach(header IN LISTS headers)
    string(MAKE_C_IDENTIFIER "${header}" name)
    set(unit "${CMAKE_BINARY_DIR}/header_check/${name}.cpp")
    # Twice: the second inclusion must add nothing.
    file(CONFIGURE OUTPUT "${unit}"
      CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
    list(APPEND units "${unit}")
  endforeach()
  if(units)
    add_library(check_headers_${room} OBJECT EXCLUDE_FROM_ALL ${units})
    target_link_libraries(check_headers_${room} PRIVATE moescope_${room} moescope_flags)
    target_compile_options(check_headers_${room} PRIVATE -O0)
    add_dependencies(check_headers check_headers_${room})
  endif()
endforeach()
