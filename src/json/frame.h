// What a device or a server is told: every frame and every answer, its members in the order that
// the protocol shows. To whom it goes does not belong here.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"
#include "json/message.h"
#include "json/writer.h"
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

// Each of these replaces `out` by one frame or answer.

// The first frame of a device, in version 1 and in version 2: there with all devices, with the
// place of the newest frame to all, and whether the device's own place could not be continued.
void write_initial_state(std::string& out, const StateView& state, std::string_view device_id);
void write_initial_state(std::string& out, const StateView& state, std::string_view device_id,
                         const std::vector<DeviceView>& devices, Position position, bool is_reset);
void write_state(std::string& out, const StateView& state);
// The same with the place that it begins.
void write_state(std::string& out, const StateView& state, Position position);
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
// `is_credential_shared` says that a credential was not ended, since a device that stays uses it.
void write_ack(std::string& out, std::string_view id, std::int64_t seq, bool is_credential_shared);
void write_success_answer(std::string& out, bool is_credential_shared);
void write_delivered_answer(std::string& out, std::size_t delivered);
// The same for a push that is kept: how many are, and how many were forgotten for it.
void write_delivered_answer(std::string& out, std::size_t delivered, std::size_t kept,
                            std::size_t dropped);
// An error of the request `id`, which is empty if it has none.
void write_error(std::string& out, const Refusal& refusal, std::string_view id);
// The error of a frame that came too soon.
void write_rate_limited(std::string& out, TimeMs retry_after_ms, std::string_view id);
void write_error_answer(std::string& out, const Refusal& refusal);
// Frames of version 2, yet without their numbers, that tell of a device: how it is (`type` says
// what has become of it), or that it has gone.
void write_device_frame(std::string& out, std::string_view type, const DeviceView& device);
void write_device_gone(std::string& out, std::string_view device_id);
// `scope` is "all", "others" or "device".
void write_logged_out(std::string& out, std::string_view scope);
void write_devices_answer(std::string& out, const std::vector<DeviceView>& devices);
// A user's metrics, counted from the time `since`.
void write_metrics_answer(std::string& out, std::string_view user_id, TimeMs since,
                          const Metrics& metrics);
// The counts alone, as a JSON array in the order of Counter.
void write_metrics_point(std::string& out, const Metrics& metrics);

// Parts of an answer that has more.
void add_state(JsonWriter& json, const StateView& state, std::size_t connected_devices);
void add_devices(JsonWriter& json, const std::vector<DeviceView>& devices);

// Gives a frame to all the number that it was counted with. Frames are kept without, since version
// 1 has none. The number stands before the body of a push.
void add_seq(std::string& frame, std::int64_t seq);

}  // namespace user_session
