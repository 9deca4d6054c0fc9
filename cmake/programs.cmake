# Programs: src/cli/ and examples/ (public headers only), and bench/ (internals). Of src/cli/ each
# mmsim-NAME.c is a program of its own, together with its NAME-*.c and the speller; all other files
# are `mmsim`. Of bench/ each bench-NAME.c is a program, together with its NAME-*.c.

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/*.c)
file(GLOB mains CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/mmsim-*.c)
foreach(main IN LISTS mains)
    cmake_path(GET main STEM program)
    string(REPLACE "mmsim-" "" name ${program})
    file(GLOB parts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/${name}-*.c)
    add_executable(${program} ${main} ${parts} ${PROJECT_SOURCE_DIR}/src/cli/spelling.c)
    target_link_libraries(${program} PRIVATE mmsim_public)
    list(REMOVE_ITEM sources ${main} ${parts})
endforeach()
if(sources)
    add_executable(mmsim ${sources})
    target_link_libraries(mmsim PRIVATE mmsim_public)
endif()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.c)
foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    add_executable(example-${name} ${source})
    target_link_libraries(example-${name} PRIVATE mmsim_public)
endforeach()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/bench-*.c)
foreach(source IN LISTS sources)
    cmake_path(GET source STEM program)
    string(REPLACE "bench-" "" name ${program})
    file(GLOB parts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/${name}-*.c)
    add_executable(${program} ${source} ${parts})
    target_link_libraries(${program} PRIVATE mmsim_internal)
endforeach()

# It loads the allocators that it compares with.
target_link_libraries(bench-heap PRIVATE ${CMAKE_DL_LIBS})
