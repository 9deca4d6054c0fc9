# Unit tests: one binary for each folder of tests/unit/, one suite for each file test_NAME.c in it,
# which defines `Suite *test_NAME_suite(void)`. The main function is generated.

file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/tests/unit/*)
list(APPEND folders ${PROJECT_SOURCE_DIR}/tests/model)
foreach(path IN LISTS folders)
    cmake_path(GET path FILENAME folder)
    file(GLOB sources CONFIGURE_DEPENDS ${path}/test_*.c)
    if(NOT sources)
        continue()
    endif()
    set(declarations "")
    set(additions "")
    foreach(source IN LISTS sources)
        cmake_path(GET source STEM name)
        string(APPEND declarations "Suite *${name}_suite(void);\n")
        string(APPEND additions "    srunner_add_suite(runner, ${name}_suite());\n")
    endforeach()
    configure_file(${PROJECT_SOURCE_DIR}/cmake/suite_main.c.in ${CMAKE_BINARY_DIR}/tests/${folder}_main.c @ONLY)
    add_executable(unit-${folder} ${sources} ${CMAKE_BINARY_DIR}/tests/${folder}_main.c)
    target_include_directories(unit-${folder} PRIVATE ${path} ${PROJECT_SOURCE_DIR}/tests/unit)
    target_link_libraries(unit-${folder} PRIVATE mmsim_internal PkgConfig::CHECK)
    set_target_properties(unit-${folder} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME unit-${folder} COMMAND unit-${folder} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endforeach()

# Test vectors of tests/conformance/qemu: the host's side.
set(folder ${PROJECT_SOURCE_DIR}/tests/conformance/qemu)
add_executable(mmu-vectors ${folder}/mmu-vectors.c ${folder}/vectors.c ${folder}/deviations.c)
target_link_libraries(mmu-vectors PRIVATE mmsim_flags)
set_target_properties(mmu-vectors PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# The kernel of this host, asked what the simulated one is: tests/conformance/linux.
set(cli ${PROJECT_SOURCE_DIR}/src/cli)
add_executable(host-ops ${PROJECT_SOURCE_DIR}/tests/conformance/linux/host-ops.c
    ${cli}/vm-ops-read.c ${cli}/vm-ops-common.c ${cli}/spelling.c)
target_include_directories(host-ops PRIVATE ${cli} ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(host-ops PRIVATE mmsim_flags)
set_target_properties(host-ops PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# Tests that are scripts: each tests/*/run-NAME gets the build folder as its argument.
file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*/run-*)
foreach(script IN LISTS scripts)
    cmake_path(GET script FILENAME name)
    string(REPLACE "run-" "" name ${name})
    add_test(NAME ${name} COMMAND ${script} ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
