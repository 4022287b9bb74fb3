# The session under libFuzzer, ASan and UBSan: what tests/fuzz holds against it.
set(SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
# The depth of the stack differs from run to run, with the addresses that the system deals out.
target_compile_options(session_core PUBLIC ${SANITIZERS} -O1 -g
  -fsanitize=fuzzer-no-link -fno-sanitize-coverage=stack-depth
  "SHELL:-iquote ${CMAKE_SOURCE_DIR}/tests/unit")

add_library(fuzz_support OBJECT
  bindings/wire.cpp
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
  tests/fuzz/v2_world.cpp
  tests/unit/decoded.cpp
  tests/unit/host.cpp
  tests/unit/scenario.cpp
  tests/unit/scenario_text.cpp)
target_link_libraries(fuzz_support PUBLIC session_core)

foreach(target codec frame operations sleep v2)
  add_executable(${target}_fuzz tests/fuzz/${target}_fuzz.cpp)
  target_link_libraries(${target}_fuzz PRIVATE fuzz_support session_core session_rest)
  target_link_options(${target}_fuzz PRIVATE ${SANITIZERS} -fsanitize=fuzzer)
endforeach()

add_executable(operations_to_scenario tests/fuzz/operations_to_scenario.cpp)
target_link_libraries(operations_to_scenario PRIVATE fuzz_support session_core session_rest)
target_link_options(operations_to_scenario PRIVATE ${SANITIZERS})
