# Configures a preset, builds one, or both, while no other process does so in this checkout: two of them damage
# each other's files. `wrangler dev` builds before it serves, and several servers may start at once.
#
#   cmake [-D CONFIGURE=<preset>] [-D BUILD=<preset>] -P cmake/build-preset.cmake

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH root)
set(lock "${root}/build/lock")

file(LOCK "${lock}" GUARD PROCESS TIMEOUT 0 RESULT_VARIABLE busy)
if(busy)
  message("Waiting for another build of ${root}.")
  # The system ends the lock with the process that has it, however that one ends.
  file(LOCK "${lock}" GUARD PROCESS)
endif()

if(CONFIGURE)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" --preset "${CONFIGURE}"
    WORKING_DIRECTORY "${root}"
    OUTPUT_VARIABLE printed
    ERROR_VARIABLE printed
    RESULT_VARIABLE code)
  if(code)
    message("${printed}")
    message(FATAL_ERROR "CMake could not configure preset ${CONFIGURE}.")
  endif()
endif()

if(BUILD)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build --preset "${BUILD}" WORKING_DIRECTORY "${root}" RESULT_VARIABLE code)
  if(code)
    message(FATAL_ERROR "The build of preset ${BUILD} failed.")
  endif()
endif()
