// Frames of version 2 for v2_fuzz.cpp: drawing what a device says, and reading what devices are
// sent. What they must be sent is decided there.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host.h"

namespace user_session {

using Json = nlohmann::json;

// Times that may pass, in milliseconds, around the limits that src/limits.h has.
inline constexpr std::array<TimeMs, 8> kTimes = {1,      500,     1'000,   20'000,
                                                 59'999, 131'000, 500'000, 600'001};

// A source of choices: each takes a byte, and is 0 when there are no more.
class Draw {
 public:
  explicit Draw(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool is_done() const { return rest_.empty(); }
  unsigned below(unsigned end) {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value % end;
  }

 private:
  std::string_view rest_;
};

// Returns a frame as version 1 has it, and its sequence number if it has one.
inline std::pair<std::string, std::optional<std::int64_t>> unnumbered(std::string_view frame) {
  constexpr std::string_view kPush = R"({"type":"push","seq":)";
  if (frame.starts_with(kPush)) {
    constexpr std::string_view kBody = R"(,"body":)";
    const std::size_t body = frame.find(kBody) + kBody.size();
    return {std::string(frame.substr(body, frame.size() - 1 - body)),
            Json::parse(frame)["seq"].get<std::int64_t>()};
  }
  const std::size_t at = frame.rfind(",\"seq\":");
  const Json json = Json::parse(frame);
  if (at == std::string_view::npos || !json.contains("seq")) return {std::string(frame), {}};
  return {std::string(frame.substr(0, at)) + '}', json["seq"].get<std::int64_t>()};
}

// Returns the number that identifies a push; nullopt if the frame is no push.
inline std::optional<int> number_of_push(const Json& frame) {
  if (frame["type"] != "push") return std::nullopt;
  return frame["body"]["n"].get<int>();
}

// Returns true if a device that comes back is not sent this frame, since its first frame says the
// same.
inline bool is_replaced_by_first_frame(std::string_view frame) {
  return frame.starts_with(R"({"type":"device_)") || frame.starts_with(R"({"type":"presence_)");
}

// Draws a message of a device. `step` makes the data of a broadcast unlike any other.
inline Json draw_message(Draw& draw, bool is_v2, int step) {
  const std::string game = "g" + std::to_string(draw.below(4));
  const std::string device = "d" + std::to_string(draw.below(3));
  switch (draw.below(12)) {
    case 0:
    case 1:
      return {{"type", "join_game"}, {"gameId", game}};
    case 2:
      return {{"type", "leave_game"}, {"gameId", game}};
    case 3:
      return {{"type", "update_presence"}, {"presence", draw.below(2) == 0 ? "away" : "online"}};
    case 4:
      return {{"type", "broadcast"}, {"event", is_v2 ? "aimed" : "e"}, {"to", {device, "self"}}};
    case 5:
      return {{"type", "set_device"}, {"name", game}};
    case 6:
      return {{"type", "logout_device"}, {"deviceId", device}};
    case 7:
      return {{"type", draw.below(2) == 0 ? "logout_others" : "logout_all"}};
    case 8:
      return {{"type", "sync_state"}};
    default:
      return {{"type", "broadcast"}, {"event", "e"}, {"data", step}};
  }
}

// Returns the frames that the last step has sent to a socket.
inline std::vector<std::string> sent_to(const Host& host, ConnectionId socket) {
  std::vector<std::string> frames;
  for (const Effect& effect : host.effects().list()) {
    const bool is_for_it = effect.kind == EffectKind::kSendToAll ||
                           (effect.kind == EffectKind::kSend && effect.connection == socket);
    if (is_for_it) frames.emplace_back(host.effects().text(effect));
  }
  return frames;
}

inline std::vector<Json> json_sent_to(const Host& host, ConnectionId socket) {
  std::vector<Json> frames;
  for (const std::string& frame : sent_to(host, socket)) frames.push_back(Json::parse(frame));
  return frames;
}

// Returns the sequence numbers of the acks that the last step has sent to a socket.
inline std::vector<std::int64_t> acks_to(const Host& host, ConnectionId socket) {
  std::vector<std::int64_t> seqs;
  for (const Json& frame : json_sent_to(host, socket)) {
    if (frame["type"] == "ack") seqs.push_back(frame["seq"]);
  }
  return seqs;
}

// Returns true if the last step has sent one frame in all, an ack with this sequence number.
inline bool is_acknowledged_alone(const Host& host, ConnectionId socket, std::int64_t seq) {
  std::size_t sent = 0;
  for (const Effect& effect : host.effects().list()) {
    sent += effect.kind == EffectKind::kSend || effect.kind == EffectKind::kSendToAll ? 1 : 0;
  }
  const auto acks = acks_to(host, socket);
  return sent == 1 && acks.size() == 1 && acks[0] == seq;
}

// Returns true if a frame is one that goes to all devices and that is kept in the journal.
inline bool is_to_all(const std::string& frame) {
  const std::string type = Json::parse(frame)["type"];
  if (frame.find("\"aimed\"") != std::string::npos) return false;
  return type == "event" || type == "game_joined" || type == "game_left" || type == "push";
}

}  // namespace user_session
