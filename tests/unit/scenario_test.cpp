// Runs every file of tests/scenarios, one test each. With UPDATE_SCENARIOS=1 in the environment it
// writes what happens into the files instead of comparing.
#include "scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "host.h"
#include "scenario_text.h"

namespace user_session {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> scenario_files() {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(SCENARIO_DIR, error)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = fs::path(info.param).stem().string();
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '-'; }, '_');
  return name;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string indented(const std::vector<std::string>& lines) {
  if (lines.empty()) return "    (nothing)\n";
  std::string out;
  for (const std::string& line : lines) out += "    " + line + '\n';
  return out;
}

void update(const std::string& path) {
  const std::string text = read_file(path);
  Host host;
  std::vector<std::vector<std::string>> actual;
  for (const ScenarioStep& step : parse_scenario(text)) {
    actual.push_back(run_command(host, step.command));
  }
  const std::string rewritten = rewrite_scenario(text, actual);
  if (rewritten == text) return;
  std::ofstream(path, std::ios::binary) << rewritten;
  std::cerr << "WARNING: " << path << " now expects what the code does. The scenarios are the "
            << "specification: read the diff, line by line.\n";
}

class ScenarioTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, HasTheEffectsThatTheFileShows) {
  const std::string& path = GetParam();
  if (std::getenv("UPDATE_SCENARIOS") != nullptr) return update(path);
  Host host;
  const std::vector<ScenarioStep> steps = parse_scenario(read_file(path));
  ASSERT_FALSE(steps.empty()) << path << " has no command";
  for (const ScenarioStep& step : steps) {
    const std::vector<std::string> actual = run_command(host, step.command);
    if (actual == step.expected) continue;
    // The rest of the file builds on this step, so its failures would say nothing new.
    GTEST_FAIL_AT(path.c_str(), step.line) << step.command << "\n  expected\n"
                                           << indented(step.expected) << "  actual\n"
                                           << indented(actual);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, ScenarioTest, ::testing::ValuesIn(scenario_files()), test_name);

TEST(ScenarioFilesTest, TheFolderIsFound) { EXPECT_GE(scenario_files().size(), 10U); }

TEST(ScenarioFilesTest, AMisspelledCommandIsNotSilentlySkipped) {
  Host host;
  EXPECT_EQ(run_command(host, "conect 1 phone"),
            std::vector<std::string>{"there is no command conect"});
}

TEST(ScenarioFilesTest, RewritingKeepsCommandsAndCommentsAndReplacesEffects) {
  const std::string before = "# why\nwake alice\n  store old\n\nstate\n";
  EXPECT_EQ(rewrite_scenario(before, {{"a", "b"}, {}}), "# why\nwake alice\n  a\n  b\n\nstate\n");
}

}  // namespace
}  // namespace user_session
