# The session under libFuzzer, ASan and UBSan: what tests/fuzz holds against it.
add_library(fuzz_support OBJECT
  tests/fuzz/checks.cpp
  tests/fuzz/model.cpp
  tests/fuzz/model_checks.cpp
  tests/fuzz/operations.cpp
  tests/fuzz/perform.cpp
  tests/fuzz/v2_client.cpp
  tests/fuzz/v2_devices.cpp
  tests/fuzz/v2_faults.cpp
  tests/fuzz/v2_frames.cpp
  tests/fuzz/v2_keeping.cpp
  tests/fuzz/v2_requests.cpp
  tests/fuzz/v2_rows.cpp
  tests/fuzz/v2_servers.cpp
  tests/fuzz/v2_stage.cpp
  tests/fuzz/v2_truth.cpp
  tests/fuzz/v2_values.cpp
  tests/fuzz/v2_world.cpp)
get_target_property(v2 fuzz_support SOURCES)
list(FILTER v2 INCLUDE REGEX "/v2_")
compile_together(fuzz_support v2 ${v2})
compile_together(fuzz_support model
  tests/fuzz/checks.cpp tests/fuzz/model.cpp tests/fuzz/model_checks.cpp tests/fuzz/operations.cpp tests/fuzz/perform.cpp)
target_link_libraries(fuzz_support PUBLIC session_core)
target_compile_options(fuzz_support PRIVATE ${OBSERVED} PUBLIC "SHELL:-iquote ${CMAKE_SOURCE_DIR}/tests/unit")

foreach(target codec frame operations sleep v2)
  add_executable(${target}_fuzz tests/fuzz/${target}_fuzz.cpp)
  target_link_libraries(${target}_fuzz PRIVATE fuzz_support test_support session_core session_rest)
  target_compile_options(${target}_fuzz PRIVATE ${OBSERVED})
  target_link_options(${target}_fuzz PRIVATE ${SANITIZERS} -fsanitize=fuzzer)
endforeach()

add_executable(operations_to_scenario tests/fuzz/operations_to_scenario.cpp)
target_link_libraries(operations_to_scenario PRIVATE fuzz_support test_support session_core session_rest)
target_link_options(operations_to_scenario PRIVATE ${SANITIZERS})

add_custom_target(fuzz_targets DEPENDS codec_fuzz frame_fuzz operations_fuzz sleep_fuzz v2_fuzz operations_to_scenario)
