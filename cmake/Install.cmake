# What `cmake --install` puts in place: the program with its manual page and completions, the rooms
# below the program as static libraries with headers and a package config, the embedded model, the
# suites and the schema of the trace file.
include(CMakePackageConfigHelpers)

# Manual page and completions come out of the program's own command table.
set(generated "${CMAKE_BINARY_DIR}/share")
set(share_files "")
function(moescope_generate file)
  add_custom_command(OUTPUT "${generated}/${file}"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${generated}"
    COMMAND $<TARGET_FILE:moescope> ${ARGN} > "${generated}/${file}"
    DEPENDS moescope VERBATIM)
  set(share_files ${share_files} "${generated}/${file}" PARENT_SCOPE)
endfunction()
moescope_generate(moescope.1 man)
moescope_generate(moescope.bash completion bash)
moescope_generate(_moescope completion zsh)
moescope_generate(moescope.fish completion fish)
add_custom_target(moescope_share ALL DEPENDS ${share_files})

install(TARGETS moescope RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES "${generated}/moescope.1" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES "${generated}/moescope.bash" RENAME moescope
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES "${generated}/_moescope" DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES "${generated}/moescope.fish"
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

set(moescope_data ${CMAKE_INSTALL_DATADIR}/moescope)
install(DIRECTORY models suites DESTINATION ${moescope_data})
if(EXISTS "${CMAKE_SOURCE_DIR}/core/trace/schema.sql")
  install(FILES core/trace/schema.sql core/trace/schema_audit.sql DESTINATION ${moescope_data})
endif()
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

get_property(rooms GLOBAL PROPERTY MOESCOPE_ROOMS)
list(REMOVE_ITEM rooms cli tui)
foreach(room IN LISTS rooms)
  install(TARGETS moescope_${room} EXPORT moescope_targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY ${MOESCOPE_FOLDER_${room}}/
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/moescope/${MOESCOPE_FOLDER_${room}}
    FILES_MATCHING PATTERN "*.hpp")
endforeach()

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/moescope)
install(EXPORT moescope_targets NAMESPACE moescope:: FILE moescopeTargets.cmake
  DESTINATION ${package_folder})
configure_package_config_file(cmake/moescopeConfig.cmake.in
  "${CMAKE_BINARY_DIR}/moescopeConfig.cmake" INSTALL_DESTINATION ${package_folder})
# Nothing is promised between versions before 1.0.
write_basic_package_version_file("${CMAKE_BINARY_DIR}/moescopeConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/moescopeConfig.cmake"
  "${CMAKE_BINARY_DIR}/moescopeConfigVersion.cmake" DESTINATION ${package_folder})
