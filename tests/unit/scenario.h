// The commands of scenario files. tests/scenarios/README.md describes them; tests/wasm/host.mjs
// carries out the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host.h"

namespace user_session {

// Carries out a command and tells its effects, one a line; of a command that there is not, a line
// that says so.
std::vector<std::string> run_command(Host& host, std::string_view command);

}  // namespace user_session
