# pare_library(<name> SOURCES ... USES ...): one folder, one target, one list of allowed arrows.
# pare_program(<name> SOURCES ... USES ...): an executable in <build>/bin.
# pare_tests(<folder> LABEL ... USES ...): every tests/<folder>/<thing>_test.cpp becomes a ctest.
#   With LABEL db it gets a PostgreSQL (tests/support/test_database.h); DATABASE names the things
#   of another folder that do.
#
# With PARE_UNITY the sources of a library are compiled together, some at a time, so that what they
# include is read once (docs/adr/0022-build-time.md).  APART takes the files whose helpers have the
# names of others' in that library: they stay by themselves.  Where all have (a file an operator),
# PRECOMPILED takes the headers that they share.
#
# USES takes the names of our own libraries; LINKS takes anything else that target_link_libraries
# takes, and stays private: a third-party library does not travel along the arrows.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
# Where modules are found that are opened by name: beside a program; for a test, beside the programs.
set(CMAKE_BUILD_RPATH "$ORIGIN" ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
set(CMAKE_INSTALL_RPATH "$ORIGIN")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(pare_flags INTERFACE)
target_compile_options(pare_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${PARE_WERROR}>:-Werror>)

# How many sources at a time: fewer are read more often, more leave cores idle.
set(PARE_UNITY_BATCH 16)

function(pare_compile_together target apart precompiled)
  if(precompiled)
    target_precompile_headers(${target} PRIVATE ${precompiled})
    return()
  endif()
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${PARE_UNITY_BATCH})
  set_source_files_properties(${apart} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  # An unnamed namespace in a file that is included is meant for headers.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

function(pare_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LINKS;APART;PRECOMPILED" ${ARGN})
  add_library(pare_${name} STATIC ${ARG_SOURCES})
  add_library(pare::${name} ALIAS pare_${name})
  if(PARE_UNITY)
    pare_compile_together(pare_${name} "${ARG_APART}" "${ARG_PRECOMPILED}")
  endif()
  target_include_directories(pare_${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/gen)
  target_link_libraries(pare_${name} PRIVATE pare_flags ${ARG_LINKS})
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(pare_${name} PUBLIC pare::${used})
  endforeach()
endfunction()

function(pare_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE pare_flags ${ARG_LINKS})
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(${name} PRIVATE pare::${used})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY PARE_PROGRAMS ${name})
endfunction()

# GoogleTest's headers cost each test more than its own lines do: they are compiled once.
function(pare_test_headers)
  if(NOT TARGET pare_test_headers)
    file(WRITE ${PROJECT_BINARY_DIR}/gen/test_headers.cpp "// The target needs one source.\n")
    add_library(pare_test_headers OBJECT ${PROJECT_BINARY_DIR}/gen/test_headers.cpp)
    target_link_libraries(pare_test_headers PRIVATE pare_flags GTest::gmock GTest::gtest)
    target_precompile_headers(pare_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h> <string> <vector>)
  endif()
endfunction()

# tests/engine/graph/verify_test.cpp becomes ctest "engine/graph.verify"; none can be forgotten.
function(pare_tests folder)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "USES;LINKS;ARGS;DATABASE" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 240)  # a hang, not slowness: the slowest needs a third of it on a slow machine
  endif()
  pare_test_headers()
  string(REPLACE "/" "_" prefix ${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/*_test.cpp)
  foreach(source IN LISTS sources)
    get_filename_component(file ${source} NAME_WE)
    string(REGEX REPLACE "_test$" "" thing ${file})
    set(target test_${prefix}_${thing})
    add_executable(${target} ${source})
    set_target_properties(${target} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/${folder})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE pare_flags GTest::gmock GTest::gtest_main ${ARG_LINKS})
    target_precompile_headers(${target} REUSE_FROM pare_test_headers)
    foreach(used IN LISTS ARG_USES)
      target_link_libraries(${target} PRIVATE pare::${used})
    endforeach()
    add_test(NAME ${folder}.${thing} COMMAND ${target} ${ARG_ARGS}
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set(label ${ARG_LABEL})
    if(thing IN_LIST ARG_DATABASE)
      set(label db)
    endif()
    set_tests_properties(${folder}.${thing} PROPERTIES LABELS "${label}" TIMEOUT ${ARG_TIMEOUT})
    if(label STREQUAL "db")
      set_tests_properties(${folder}.${thing} PROPERTIES FIXTURES_REQUIRED postgres
        ENVIRONMENT "PARE_TEST_POSTGRES=${PARE_TEST_POSTGRES}")
    endif()
  endforeach()
endfunction()

# Adds the folders in the order of the arrows.
function(pare_folders)
  foreach(folder IN LISTS ARGN)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
      add_subdirectory(${folder})
    endif()
  endforeach()
endfunction()
