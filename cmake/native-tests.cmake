# The session as a plain library of this machine, and its tests. The fuzz targets share its objects.
enable_testing()
find_package(GTest REQUIRED)
include(GoogleTest)

set(SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
target_compile_options(session_core PUBLIC ${SANITIZERS})

# How libFuzzer sees what an input reaches. The depth of the stack differs from run to run, with the addresses that the
# system deals out.
set(COVERAGE -fsanitize=fuzzer-no-link -fno-sanitize-coverage=stack-depth)
if(NOT EXPLORING)
  # Nothing reads them in a fixed run (scripts/lib/fuzz.mjs), and they take a third of its time.
  list(APPEND COVERAGE -fno-sanitize-coverage=trace-cmp,indirect-calls)
endif()
# One scenario takes thousands of steps, which are three times as slow without optimization.
set(OBSERVED -O1 -g ${COVERAGE})
target_compile_options(session_core PRIVATE ${OBSERVED})
target_compile_options(session_rest PRIVATE ${OBSERVED})

add_library(test_support OBJECT
  bindings/wire.cpp
  tests/unit/decoded.cpp
  tests/unit/host.cpp
  tests/unit/scenario.cpp
  tests/unit/scenario_text.cpp)
compile_together(test_support support
  bindings/wire.cpp tests/unit/decoded.cpp tests/unit/host.cpp tests/unit/scenario.cpp)
target_link_libraries(test_support PUBLIC session_core)
target_compile_options(test_support PRIVATE ${OBSERVED})

add_executable(session_tests
  bindings/runtime/heap.cpp
  tests/unit/access_test.cpp
  tests/unit/attachment_test.cpp
  tests/unit/beside_test.cpp
  tests/unit/bytes_test.cpp
  tests/unit/decoded_test.cpp
  tests/unit/devices_test.cpp
  tests/unit/effect_test.cpp
  tests/unit/fields_test.cpp
  tests/unit/frame_test.cpp
  tests/unit/heap_test.cpp
  tests/unit/inbox_test.cpp
  tests/unit/values_test.cpp
  tests/unit/journal_test.cpp
  tests/unit/json_test.cpp
  tests/unit/message_test.cpp
  tests/unit/metrics_test.cpp
  tests/unit/release_010_test.cpp
  tests/unit/room_test.cpp
  tests/unit/runs_test.cpp
  tests/unit/scenario_test.cpp
  tests/unit/sequence_bytes_test.cpp
  tests/unit/sequence_test.cpp
  tests/unit/session_test.cpp
  tests/unit/digest_test.cpp
  tests/unit/snapshot_test.cpp
  tests/unit/v2_message_test.cpp
  tests/unit/wire_test.cpp)
target_link_libraries(session_tests PRIVATE test_support session_core session_rest GTest::gtest_main)
target_link_options(session_tests PRIVATE ${SANITIZERS})
# Half of the time that a file of tests takes is GoogleTest's.
target_precompile_headers(session_tests PRIVATE <gtest/gtest.h>)
target_compile_definitions(session_tests PRIVATE
  FORMATS_DIR="${CMAKE_SOURCE_DIR}/tests/formats"
  SCENARIO_DIR="${CMAKE_SOURCE_DIR}/tests/scenarios")
# At test time, so that a new scenario file needs no new build.
gtest_discover_tests(session_tests DISCOVERY_MODE PRE_TEST)
