# The module: linked by either toolchain as a reactor without generated glue, then reduced to the
# exports that bindings/exports.json names and optimized for size.
set(SMALL_BINARY -Oz -flto)
target_compile_options(session_core PUBLIC ${SMALL_BINARY} -fno-threadsafe-statics -fvisibility=hidden)

# What writes every frame may be larger than the rest.
set_source_files_properties(src/json/writer.cpp PROPERTIES COMPILE_OPTIONS -Os)
# The optimizer must not look through `new` and `delete`: it takes their memory for nobody else's.
set_source_files_properties(bindings/runtime/heap.cpp bindings/runtime/new.cpp PROPERTIES COMPILE_OPTIONS -fno-lto)

# binaryen is the one in node_modules and no other: each makes another module of the same code. The
# compilers look for a wasm-opt on PATH when they link, so they are given this one, too.
set(BINARYEN ${CMAKE_SOURCE_DIR}/node_modules/binaryen/bin)
set(WASM_METADCE ${BINARYEN}/wasm-metadce)
set(WASM_OPT ${BINARYEN}/wasm-opt)
if(NOT EXISTS ${WASM_OPT})
  message(STATUS "Installing npm packages, of which binaryen is needed")
  execute_process(COMMAND node ${CMAKE_SOURCE_DIR}/scripts/npm-packages.mjs COMMAND_ERROR_IS_FATAL ANY)
endif()
set(WITH_BINARYEN ${CMAKE_COMMAND} -E env --modify PATH=path_list_prepend:${BINARYEN} --)
set(FEATURES --enable-bulk-memory --enable-sign-ext --enable-mutable-globals
    --enable-nontrapping-float-to-int --enable-multivalue --enable-reference-types)

# One page of memory to start with: the stack below the data, so that an overflow traps.
set(MEMORY_BYTES 65536)
set(STACK_BYTES 16384)

# Makes the file `module` by a target of the name `name` whose exports are in `exports`. `rest` has the
# handling of a later release's fields.
function(add_session_module name exports rest module)
  add_executable(${name} EXCLUDE_FROM_ALL
    bindings/runtime/heap.cpp bindings/runtime/new.cpp bindings/runtime/small_libc.cpp bindings/wire.cpp ${exports} ${rest})
  target_link_libraries(${name} PRIVATE session_core)
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${name}.linked SUFFIX .wasm
    CXX_LINKER_LAUNCHER "${WITH_BINARYEN}" LINK_DEPENDS ${WASM_OPT})
  if(EMSCRIPTEN)
    target_link_options(${name} PRIVATE ${SMALL_BINARY} --no-entry
      -sSTANDALONE_WASM -sALLOW_MEMORY_GROWTH
      -sINITIAL_MEMORY=${MEMORY_BYTES} -sTOTAL_STACK=${STACK_BYTES})
  else()
    target_link_options(${name} PRIVATE ${SMALL_BINARY} -mexec-model=reactor
      LINKER:--gc-sections LINKER:--stack-first
      LINKER:-z,stack-size=${STACK_BYTES} LINKER:--initial-memory=${MEMORY_BYTES})
  endif()
  get_filename_component(folder ${module} DIRECTORY)
  add_custom_command(OUTPUT ${module}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${WASM_METADCE} ${FEATURES} --quiet
            --graph-file=${CMAKE_SOURCE_DIR}/bindings/exports.json
            $<TARGET_FILE:${name}> -o ${CMAKE_BINARY_DIR}/${name}.reduced.wasm
            > ${CMAKE_BINARY_DIR}/${name}.removed-exports.txt
    COMMAND ${WASM_OPT} ${FEATURES} -O2 --strip-debug --strip-producers --strip-target-features
            ${CMAKE_BINARY_DIR}/${name}.reduced.wasm -o ${module}
    DEPENDS ${name} ${CMAKE_SOURCE_DIR}/bindings/exports.json ${WASM_OPT} ${WASM_METADCE})
  add_custom_target(${name}_module DEPENDS ${module})
endfunction()

if(EMSCRIPTEN)
  set(MODULE ${CMAKE_BINARY_DIR}/session.wasm)
else()
  set(MODULE_PATH ${CMAKE_SOURCE_DIR}/dist/session.wasm CACHE FILEPATH "Where the module goes")
  set(MODULE ${MODULE_PATH})
endif()
add_session_module(session bindings/wasm_exports.cpp src/format/rest.cpp ${MODULE})
add_custom_target(module ALL DEPENDS session_module)

# For tests: with faults planted in it, and little memory to exhaust. Only the build preset `faulty`
# makes it, and the next one.
if(NOT EMSCRIPTEN)
  set(FAULTY_MEMORY_BYTES_MAX 2097152)
  add_session_module(faulty tests/faults/faulty_exports.cpp src/format/rest.cpp ${CMAKE_BINARY_DIR}/faulty.wasm)
  target_link_options(faulty PRIVATE LINKER:--max-memory=${FAULTY_MEMORY_BYTES_MAX})
  # For tests: a later release, whose records have one field more.
  add_session_module(later bindings/wasm_exports.cpp tests/later/rest.cpp ${CMAKE_BINARY_DIR}/later.wasm)
endif()
