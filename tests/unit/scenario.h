// Scenario files: commands, each followed by the effects expected of it. tests/scenarios/README.md
// describes the format; tests/wasm/scenario.mjs reads the same files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host.h"

namespace user_session {

struct ScenarioStep {
  int line = 0;
  std::string command;
  std::vector<std::string> expected;
};

// The commands of a scenario file. `text` is the whole file.
std::vector<ScenarioStep> parse_scenario(std::string_view text);

// Carries out a command and tells its effects, one a line; of a command that there is not, a line
// that says so.
std::vector<std::string> run_command(Host& host, std::string_view command);

// The file's text with the effects of each step in the place of the expected ones.
std::string rewrite_scenario(std::string_view text,
                             const std::vector<std::vector<std::string>>& actual);

}  // namespace user_session
