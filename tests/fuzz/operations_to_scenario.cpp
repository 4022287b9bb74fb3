// Prints the stories that files hold as one scenario, with the effects that they have here, so that
// others can be held to them. A file begins with a comment that names it.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "checks.h"
#include "operations.h"
#include "scenario.h"
#include "v2_draw.h"
#include "v2_world.h"

namespace user_session {
namespace {

std::string read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  require(in.good(), "the file can be read", path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void print(Host& host, const std::string& command) {
  std::printf("%s\n", command.c_str());
  for (const std::string& line : run_command(host, command)) std::printf("  %s\n", line.c_str());
}

void print_story(const char* path) {
  const Story story = story_of(read_file(path));
  std::printf("# %s\n", path);
  Host host;
  for (const std::string& command : opening_of(story)) print(host, command);
  Host beside = begin(story);
  for (const Operation& operation : story.operations) {
    if (!is_possible(host, operation)) continue;
    perform(beside, operation);
    print(host, command_of(host, operation));
    require(host.effects().texts() == beside.effects().texts(), "a command is its operation");
  }
}

// A story of version 2 ends where no command can say what comes next.
void print_v2_story(const char* path) {
  std::printf("# %s\n", path);
  const std::string bytes = read_file(path);
  Draw draw(bytes);
  Host host;
  World world(draw, [&](const std::string& command) { print(host, command); });
  while (!draw.is_done()) world.go_on(draw);
}

bool is_of_v2(std::string_view path) { return path.find("/v2/") != std::string_view::npos; }

}  // namespace
}  // namespace user_session

int main(int argc, char** argv) {
  using namespace user_session;
  for (int i = 1; i < argc; ++i) {
    if (is_of_v2(argv[i])) {
      print_v2_story(argv[i]);
    } else {
      print_story(argv[i]);
    }
  }
}
