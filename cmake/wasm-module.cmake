# The module: linked by either toolchain as a reactor without generated glue, then reduced to the
# exports that bindings/exports.json names and optimized for size.
set(SMALL_BINARY -Os -flto)
target_compile_options(session_core PUBLIC ${SMALL_BINARY} -fno-threadsafe-statics -fvisibility=hidden)

add_executable(session
  bindings/small_libc.cpp
  bindings/wasm_exports.cpp
  bindings/wire.cpp)
target_link_libraries(session PRIVATE session_core)

# One page of memory to start with: the stack below the data, so that an overflow traps.
set(MEMORY_BYTES 65536)
set(STACK_BYTES 16384)
if(EMSCRIPTEN)
  set(MODULE ${CMAKE_BINARY_DIR}/session.wasm)
  set_target_properties(session PROPERTIES OUTPUT_NAME session.linked SUFFIX .wasm)
  target_link_options(session PRIVATE ${SMALL_BINARY} --no-entry
    -sSTANDALONE_WASM -sALLOW_MEMORY_GROWTH
    -sINITIAL_MEMORY=${MEMORY_BYTES} -sTOTAL_STACK=${STACK_BYTES})
else()
  set(MODULE_PATH ${CMAKE_SOURCE_DIR}/dist/session.wasm CACHE FILEPATH "Where the module goes")
  set(MODULE ${MODULE_PATH})
  set_target_properties(session PROPERTIES OUTPUT_NAME session.linked)
  target_link_options(session PRIVATE ${SMALL_BINARY} -mexec-model=reactor
    LINKER:--gc-sections LINKER:--stack-first
    LINKER:-z,stack-size=${STACK_BYTES} LINKER:--initial-memory=${MEMORY_BYTES})
endif()

set(BINARYEN_HINTS HINTS ${CMAKE_SOURCE_DIR}/node_modules/.bin NO_CMAKE_FIND_ROOT_PATH
    DOC "From binaryen: npm ci brings it")
find_program(WASM_METADCE wasm-metadce REQUIRED ${BINARYEN_HINTS})
find_program(WASM_OPT wasm-opt REQUIRED ${BINARYEN_HINTS})
set(FEATURES --enable-bulk-memory --enable-sign-ext --enable-mutable-globals
    --enable-nontrapping-float-to-int --enable-multivalue --enable-reference-types)
get_filename_component(MODULE_DIR ${MODULE} DIRECTORY)
add_custom_command(OUTPUT ${MODULE}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${MODULE_DIR}
  COMMAND ${WASM_METADCE} ${FEATURES} --quiet
          --graph-file=${CMAKE_SOURCE_DIR}/bindings/exports.json
          $<TARGET_FILE:session> -o ${CMAKE_BINARY_DIR}/session.reduced.wasm
          > ${CMAKE_BINARY_DIR}/removed-exports.txt
  COMMAND ${WASM_OPT} ${FEATURES} -O2 --strip-debug --strip-producers --strip-target-features
          ${CMAKE_BINARY_DIR}/session.reduced.wasm -o ${MODULE}
  DEPENDS session ${CMAKE_SOURCE_DIR}/bindings/exports.json)
add_custom_target(module ALL DEPENDS ${MODULE})
