# How everything of ours is built: one function per kind of target.
#   ipw_layer(NAME SOURCES ... USES <layers> LINKS <third-party>)   a folder of src/ipw, a static library ipw_NAME
#   ipw_module(NAME SOURCES ... USES ... LINKS ...)                  lib/ipw/ipw-NAME.so, opened when first used
#   ipw_app(NAME SOURCES ... USES ...)                               bin/NAME
#   ipw_test(NAME SOURCES ... USES ... LINKS ... LABELS ...)         a GoogleTest program, one ctest row
#   ipw_bench(NAME SOURCES ... USES ... LINKS ...)                   a Google Benchmark program bin/bench_NAME
#   ipw_fuzzer(NAME SOURCES ... USES ...)                            a libFuzzer program bin/fuzz_NAME, part of the target fuzzers

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET default)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(IPW_MODULE_DIRECTORY ${CMAKE_BINARY_DIR}/lib/ipw)

add_library(ipw_flags INTERFACE)
target_include_directories(ipw_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(ipw_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
# Designated initializers name what matters and leave the rest to the defaults. The other two are wrong in g++ 12 at -O2:
# on std::string additions and on std::optional (GCC bugs 105329 and 80635).
target_compile_options(ipw_flags INTERFACE -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
target_compile_definitions(ipw_flags INTERFACE IPW_VERSION="${PROJECT_VERSION}")

function(ipw_configure target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LINKS;LABELS")
  list(TRANSFORM arg_USES PREPEND ipw_)
  target_link_libraries(${target} PUBLIC ipw_flags ${arg_USES} PRIVATE ${arg_LINKS})
endfunction()

function(ipw_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LINKS")
  add_library(ipw_${name} STATIC ${arg_SOURCES})
  ipw_configure(ipw_${name} ${ARGN})
endfunction()

function(ipw_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LINKS")
  add_library(ipw_module_${name} MODULE ${arg_SOURCES})
  ipw_configure(ipw_module_${name} ${ARGN})
  set_target_properties(ipw_module_${name} PROPERTIES PREFIX "" OUTPUT_NAME ipw-${name}
    LIBRARY_OUTPUT_DIRECTORY ${IPW_MODULE_DIRECTORY})
  set_property(GLOBAL APPEND PROPERTY IPW_MODULES ipw_module_${name})
endfunction()

function(ipw_app name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LINKS")
  add_executable(${name} ${arg_SOURCES})
  ipw_configure(${name} ${ARGN})
  set_property(GLOBAL APPEND PROPERTY IPW_APPS ${name})
endfunction()

# ipw_programs()   the target `programs`: all apps and modules declared so far, without tests
function(ipw_programs)
  get_property(apps GLOBAL PROPERTY IPW_APPS)
  get_property(modules GLOBAL PROPERTY IPW_MODULES)
  add_custom_target(programs)
  if(apps OR modules)
    add_dependencies(programs ${apps} ${modules})
  endif()
endfunction()

function(ipw_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LINKS;LABELS")
  add_executable(test_${name} ${arg_SOURCES})
  ipw_configure(test_${name} ${ARGN})
  target_link_libraries(test_${name} PRIVATE GTest::gmock_main)
  target_include_directories(test_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(test_${name} PRIVATE IPW_SOURCE_DIR="${CMAKE_SOURCE_DIR}" IPW_BINARY_DIR="${CMAKE_BINARY_DIR}")
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 300)
endfunction()

function(ipw_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LINKS")
  add_executable(bench_${name} ${arg_SOURCES})
  ipw_configure(bench_${name} ${ARGN})
  target_link_libraries(bench_${name} PRIVATE benchmark::benchmark_main)
endfunction()

function(ipw_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LINKS")
  add_executable(fuzz_${name} ${arg_SOURCES})
  ipw_configure(fuzz_${name} ${ARGN})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers fuzz_${name})
endfunction()
