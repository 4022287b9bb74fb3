// What a device or a server is told: JSON texts, written field by field in the order that the
// protocol shows.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"
#include "json/message.h"
#include "presence.h"

namespace user_session {

// The types of all frames that a device of version 1 gets from the server itself. A device of
// version 1 gets a pushed body as it is, so no push may have one of these types.
inline constexpr std::array<std::string_view, 8> kVersion1FrameTypes = {
    "initial_state",    "state", "game_joined", "game_left",
    "presence_updated", "event", "pong",        "error",
};

inline constexpr std::string_view kPongFrame = R"({"type":"pong"})";
inline constexpr std::string_view kReplacedFrame = R"({"type":"replaced"})";

// What the frames about the whole user say.
struct StateView {
  std::string_view user_id;
  // The games as a JSON array.
  std::string_view games_json;
  Presence presence = Presence::kOffline;
  TimeMs last_active = 0;
};

// A device as others see it.
struct DeviceView {
  std::string_view id;
  std::string_view name;
  TimeMs first_seen = 0;
  TimeMs last_active = 0;
  Presence presence = Presence::kOffline;
  // How many of its tabs are connected.
  std::size_t tabs = 0;
};

// Appends `text` as a JSON string, quotes included. `text` is UTF-8 and is kept exactly.
void append_json_string(std::string& out, std::string_view text);

// Appends `value` in digits.
void append_json_number(std::string& out, std::int64_t value);

// Each of these replaces `out` by one frame or answer.
void write_initial_state(std::string& out, const StateView& state, std::string_view device_id);
void write_state(std::string& out, const StateView& state);
void write_state_answer(std::string& out, const StateView& state, std::size_t connected_devices);
void write_game_joined(std::string& out, std::string_view game_id, std::string_view games_json);
void write_game_left(std::string& out, std::string_view game_id, std::string_view games_json);
void write_games_answer(std::string& out, std::string_view games_json);
void write_presence_updated(std::string& out, Presence presence);
// `data` is JSON text and goes out as it is.
void write_event(std::string& out, std::string_view event, std::string_view data,
                 std::string_view from);
// A pushed body as version 2 has it, as it is pushed or kept until now. `body` is a JSON object and
// goes out to the letter.
void write_push(std::string& out, std::string_view body);
void write_kept_push(std::string& out, std::string_view body);
void write_games(std::string& out, const std::vector<std::string>& games);
void write_ack(std::string& out, std::string_view id, std::int64_t seq);
void write_delivered_answer(std::string& out, std::size_t delivered);
void write_error(std::string& out, const Refusal& refusal);
// The error of a frame that came too soon.
void write_rate_limited(std::string& out, TimeMs retry_after_ms);
void write_error_answer(std::string& out, const Refusal& refusal);

// Replace `out` by a frame of version 2, yet without its number, that tells of a device: how it is
// (`type` says what has become of it), or that it has gone.
void write_device_frame(std::string& out, std::string_view type, const DeviceView& device);
void write_device_gone(std::string& out, std::string_view device_id);
// Replaces `out` by the frame that tells a device of version 2 that it is logged out: `scope` is
// "all", "others" or "device".
void write_logged_out(std::string& out, std::string_view scope);
// Appends devices as a JSON array. Each says whether it is the viewer, unless `viewer` is empty.
void append_devices(std::string& out, const std::vector<DeviceView>& devices,
                    std::string_view viewer);

// Replaces `out` by the answer that shows a user's metrics, counted from the time `since`.
void write_metrics_answer(std::string& out, std::string_view user_id, TimeMs since,
                          const Metrics& metrics);

// Replaces `out` by the counts alone, as a JSON array in the order of Counter.
void write_metrics_point(std::string& out, const Metrics& metrics);

// These add to a frame what version 2 has beside version 1: its number among those to all, which
// stands before the body of a push; the place in the count, and that the device's own could not be
// continued; the request that it answers.
void add_seq(std::string& frame, std::int64_t seq);
void add_position(std::string& frame, Position position, bool is_reset);
void add_id(std::string& frame, std::string_view id);
// Adds that a device which stays came by the credential that was to be ended.
void mark_shared(std::string& frame);
// How many pushes are kept, and how many were forgotten for it.
void add_kept(std::string& answer, std::size_t kept, std::size_t dropped);

}  // namespace user_session
