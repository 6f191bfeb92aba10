# The rooms of the house and their ranks: a room depends only on rooms of a lower rank.
# docs/architecture.md explains the table; tests/house/includes_test.py holds the includes to it.
set(MOESCOPE_ROOM_TABLE
  "base:0:core/base"
  "formats:1:core/formats"
  "kernels:1:core/kernels"
  "stats:1:core/stats"
  "hub:1:core/hub"
  "tokenizer:2:core/tokenizer"
  "hooks:2:core/hooks"
  "model:3:core/model"
  "trace:4:core/trace"
  "probes:5:probes"
  "audits:6:audits"
  "reports:7:reports"
  "tui:8:tui"
  "cli:9:cli")

set(MOESCOPE_ROOM_FOLDERS "")
foreach(row IN LISTS MOESCOPE_ROOM_TABLE)
  string(REPLACE ":" ";" cells "${row}")
  list(GET cells 0 room)
  list(GET cells 1 MOESCOPE_RANK_${room})
  list(GET cells 2 MOESCOPE_FOLDER_${room})
  list(APPEND MOESCOPE_ROOM_FOLDERS ${MOESCOPE_FOLDER_${room}})
endforeach()

# moescope_room(NAME [ROOMS lower rooms…] [LINK third-party targets…] [HEADERS_LINK targets seen in headers…])
# builds the static library moescope_NAME (target moescope::NAME) from every .cpp in the folder.
function(moescope_room name)
  cmake_parse_arguments(ARG "" "" "ROOMS;LINK;HEADERS_LINK" ${ARGN})
  if(NOT DEFINED MOESCOPE_RANK_${name})
    message(FATAL_ERROR "room '${name}' is not in the table of cmake/Rooms.cmake")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(moescope_${name} STATIC ${sources})
  add_library(moescope::${name} ALIAS moescope_${name})
  set_target_properties(moescope_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(moescope_${name} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/moescope>)
  target_link_libraries(moescope_${name} PRIVATE $<BUILD_INTERFACE:moescope_flags> ${ARG_LINK})
  target_compile_features(moescope_${name} PUBLIC cxx_std_20)
  target_link_libraries(moescope_${name} PUBLIC ${ARG_HEADERS_LINK})
  foreach(lower IN LISTS ARG_ROOMS)
    if(NOT MOESCOPE_RANK_${lower} LESS MOESCOPE_RANK_${name})
      message(FATAL_ERROR "room '${name}' (rank ${MOESCOPE_RANK_${name}}) may not depend on "
                          "'${lower}' (rank ${MOESCOPE_RANK_${lower}}): dependencies point to a lower rank")
    endif()
    target_link_libraries(moescope_${name} PUBLIC moescope_${lower})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY MOESCOPE_ROOMS ${name})
endfunction()
