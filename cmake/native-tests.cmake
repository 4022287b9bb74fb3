# The session as a plain library of this machine, and its tests.
enable_testing()
find_package(GTest REQUIRED)
include(GoogleTest)

set(SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
# One scenario takes thousands of steps, which are three times as slow without optimization.
target_compile_options(session_core PUBLIC ${SANITIZERS} PRIVATE -O1)

add_executable(session_tests
  bindings/runtime/heap.cpp
  bindings/wire.cpp
  tests/unit/access_test.cpp
  tests/unit/attachment_test.cpp
  tests/unit/beside_test.cpp
  tests/unit/bytes_test.cpp
  tests/unit/decoded.cpp
  tests/unit/decoded_test.cpp
  tests/unit/devices_test.cpp
  tests/unit/effect_test.cpp
  tests/unit/fields_test.cpp
  tests/unit/frame_test.cpp
  tests/unit/heap_test.cpp
  tests/unit/host.cpp
  tests/unit/inbox_test.cpp
  tests/unit/journal_test.cpp
  tests/unit/json_test.cpp
  tests/unit/message_test.cpp
  tests/unit/metrics_test.cpp
  tests/unit/release_010_test.cpp
  tests/unit/room_test.cpp
  tests/unit/runs_test.cpp
  tests/unit/scenario.cpp
  tests/unit/scenario_test.cpp
  tests/unit/scenario_text.cpp
  tests/unit/sequence_bytes_test.cpp
  tests/unit/sequence_test.cpp
  tests/unit/session_test.cpp
  tests/unit/digest_test.cpp
  tests/unit/snapshot_test.cpp
  tests/unit/v2_message_test.cpp
  tests/unit/wire_test.cpp)
target_link_libraries(session_tests PRIVATE session_core session_rest GTest::gtest_main)
target_link_options(session_tests PRIVATE ${SANITIZERS})
# Half of the time that a file of tests takes is GoogleTest's.
target_precompile_headers(session_tests PRIVATE <gtest/gtest.h>)
# clang-tidy checks these two before anything is built.
set_source_files_properties(bindings/runtime/heap.cpp bindings/wire.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
target_compile_definitions(session_tests PRIVATE
  FORMATS_DIR="${CMAKE_SOURCE_DIR}/tests/formats"
  SCENARIO_DIR="${CMAKE_SOURCE_DIR}/tests/scenarios")
# At test time, so that a new scenario file needs no new build.
gtest_discover_tests(session_tests DISCOVERY_MODE PRE_TEST)
