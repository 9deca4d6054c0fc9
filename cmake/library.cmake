# The library, twice from the same objects:
#   mmsim_internal  every symbol visible: for the tests and the benches
#   libmmsim.a      one relocatable object whose mm_ symbols are local: for everybody else

# The rooms of the house, bottom-up; src/README.md draws which may include which.
set(MMSIM_FOLDERS base obs hw alloc policy paging vm proc sim trace scenario report)

# What it stands on: scenarios are YAML, traces are compressed, studies run on several threads.
set(MMSIM_NEEDS PkgConfig::YAML PkgConfig::CODECS Threads::Threads)

set(MMSIM_SOURCES)
foreach(folder IN LISTS MMSIM_FOLDERS)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.c)
    list(APPEND MMSIM_SOURCES ${sources})
endforeach()
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/models/x86_32/*.c)
list(APPEND MMSIM_SOURCES ${sources})

add_library(mmsim_objects OBJECT ${MMSIM_SOURCES})

# Two counters that change together are not a vector: reading as one what was written as two stalls.
set(hot ${MMSIM_SOURCES})
list(FILTER hot INCLUDE REGEX /src/policy/)
set_source_files_properties(${hot} PROPERTIES COMPILE_OPTIONS -fno-tree-slp-vectorize)
target_include_directories(mmsim_objects PUBLIC
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/models)
target_compile_definitions(mmsim_objects PRIVATE MMSIM_VERSION="${PROJECT_VERSION}")
target_link_libraries(mmsim_objects PUBLIC mmsim_flags ${MMSIM_NEEDS})

add_library(mmsim_internal STATIC)
target_link_libraries(mmsim_internal PUBLIC mmsim_objects)

set(MMSIM_ARCHIVE ${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/libmmsim.a)
add_custom_command(
    OUTPUT ${MMSIM_ARCHIVE}
    COMMAND ${CMAKE_LINKER} -r -o libmmsim.o $<TARGET_OBJECTS:mmsim_objects>
    COMMAND ${CMAKE_OBJCOPY} --wildcard --localize-symbol=mm_* libmmsim.o
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${MMSIM_ARCHIVE}
    COMMAND ${CMAKE_AR} rcs ${MMSIM_ARCHIVE} libmmsim.o
    DEPENDS mmsim_objects $<TARGET_OBJECTS:mmsim_objects>
    COMMAND_EXPAND_LISTS VERBATIM
    COMMENT "Linking libmmsim.a, its mm_ symbols made local")
add_custom_target(mmsim_archive ALL DEPENDS ${MMSIM_ARCHIVE})

# What a program that uses the library links: the archive and the public headers, nothing else.
add_library(mmsim_public INTERFACE)
add_dependencies(mmsim_public mmsim_archive)
target_include_directories(mmsim_public INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(mmsim_public INTERFACE mmsim_flags ${MMSIM_ARCHIVE} ${MMSIM_NEEDS})
