# clang with wasi libc: a wasi-sdk where WASI_SDK_PREFIX says, else Debian's clang-22.
set(CMAKE_SYSTEM_NAME WASI)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})

if(DEFINED ENV{WASI_SDK_PREFIX} AND NOT "$ENV{WASI_SDK_PREFIX}" STREQUAL "")
  set(CMAKE_CXX_COMPILER $ENV{WASI_SDK_PREFIX}/bin/clang++)
  set(CMAKE_SYSROOT $ENV{WASI_SDK_PREFIX}/share/wasi-sysroot)
else()
  set(CMAKE_CXX_COMPILER clang++-22)
endif()

# The target has two names; a sysroot has the libraries under one or both.
if(EXISTS ${CMAKE_SYSROOT}/lib/wasm32-wasip1)
  set(CMAKE_CXX_COMPILER_TARGET wasm32-wasip1)
else()
  set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
  set(CMAKE_CXX_FLAGS_INIT -Wno-deprecated)
endif()

# A reactor has no main, so CMake's trial program would not link.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
