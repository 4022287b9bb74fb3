# CMake 3.25 does not know this system; all it needs to know is what a program is called.
set(CMAKE_EXECUTABLE_SUFFIX .wasm)
