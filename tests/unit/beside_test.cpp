// Devices of version 1 see the same bytes whether a device of version 2 is connected beside them or
// another silent one of version 1: every scenario is run with both.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host.h"
#include "scenario.h"
#include "scenario_text.h"

namespace user_session {
namespace {

namespace fs = std::filesystem;

constexpr ConnectionId kSilent = 900;

// What each connection was told: frames, and reasons of closes.
using Transcript = std::map<ConnectionId, std::vector<std::string>>;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void add(Transcript& transcript, const Host& host) {
  std::set<ConnectionId> open = host.open_before_step();
  open.erase(kSilent);
  for (const Effect& effect : host.effects().list()) {
    const std::string text(host.effects().text(effect));
    switch (effect.kind) {
      case EffectKind::kSendToAll:
      case EffectKind::kCloseAll:
        for (const ConnectionId connection : open) transcript[connection].push_back(text);
        break;
      case EffectKind::kSend:
      case EffectKind::kClose:
      case EffectKind::kExpel:
        if (effect.kind == EffectKind::kExpel) open.erase(effect.connection);
        if (effect.connection != kSilent) transcript[effect.connection].push_back(text);
        break;
      default:
        break;
    }
  }
}

Transcript run(std::string_view scenario, ProtocolVersion version) {
  Host host;
  Transcript transcript;
  host.after_step = [&] { add(transcript, host); };
  for (const ScenarioStep& step : parse_scenario(scenario)) {
    run_command(host, step.command);
    if (!step.command.starts_with("wake") || host.sockets.contains(kSilent)) continue;
    if (version == ProtocolVersion::kVersion2) {
      host.connect_v2(kSilent, "silent", {});
    } else {
      host.connect(kSilent, "silent");
    }
  }
  return transcript;
}

TEST(BesideTest, DevicesOfVersion1SeeTheSameBytesBesideOneOfVersion2) {
  int scenarios = 0;
  for (const auto& entry : fs::directory_iterator(SCENARIO_DIR)) {
    const std::string scenario = read_file(entry.path());
    const bool has_v2 = scenario.find("\nconnect2 ") != std::string::npos;
    // When an attachment is lost devices of version 2 have to come anew.
    const bool loses_attachments = entry.path().stem() == "lost-attachments";
    if (entry.path().extension() != ".txt" || has_v2 || loses_attachments) continue;
    ++scenarios;
    SCOPED_TRACE(entry.path().filename().string());
    EXPECT_EQ(run(scenario, ProtocolVersion::kVersion1), run(scenario, ProtocolVersion::kVersion2));
  }
  EXPECT_GT(scenarios, 30);
}

}  // namespace
}  // namespace user_session
