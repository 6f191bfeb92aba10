# One interface target, moescope_flags, carries the dialect, the warnings and the floating-point contract.
add_library(moescope_flags INTERFACE)
target_compile_features(moescope_flags INTERFACE cxx_std_20)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

# Bits depend on weights and tokens alone: no contraction, no reassociation.
target_compile_options(moescope_flags INTERFACE -ffp-contract=off)
target_compile_options(moescope_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wcast-qual
  -Wnon-virtual-dtor -Woverloaded-virtual -Wundef
  -Wno-missing-field-initializers)  # options structs are filled by designated initialisers
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(moescope_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)  # false alarms in g++ 12
endif()
if(MOESCOPE_WERROR)
  target_compile_options(moescope_flags INTERFACE -Werror)
endif()
if(MOESCOPE_SANITIZE)
  target_compile_options(moescope_flags INTERFACE
    -fsanitize=${MOESCOPE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g)
  target_link_options(moescope_flags INTERFACE -fsanitize=${MOESCOPE_SANITIZE})
else()
  target_compile_definitions(moescope_flags INTERFACE
    $<$<CONFIG:Release>:_FORTIFY_SOURCE=2> _GLIBCXX_ASSERTIONS)
  target_compile_options(moescope_flags INTERFACE -fstack-protector-strong)
endif()

find_program(MOESCOPE_CCACHE ccache)
if(MOESCOPE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MOESCOPE_CCACHE})
endif()
