// Every frame and every answer that the session sends, as JSON. The members stand in the order that
// docs/protocol.md shows. To whom a frame is sent does not belong here (handlers/telling.cpp).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ended.h"
#include "event.h"
#include "json/message.h"
#include "json/writer.h"
#include "presence.h"

namespace user_session {

// Types of the frames that a device of version 1 gets from the session itself. Such a device gets a
// pushed body as it is, so no push may have one of these types.
inline constexpr std::array<std::string_view, 8> kVersion1FrameTypes = {
    "initial_state",    "state", "game_joined", "game_left",
    "presence_updated", "event", "pong",        "error",
};

// The answer to a ping, and the last frame of a connection whose tab has connected again.
inline constexpr std::string_view kPongFrame = R"({"type":"pong"})";
inline constexpr std::string_view kReplacedFrame = R"({"type":"replaced"})";

// The state of the user, as frames about the whole user say it.
struct StateView {
  std::string_view user_id;
  // Games of the user as a JSON array.
  std::string_view games_json;
  Presence presence = Presence::kOffline;
  TimeMs last_active = 0;
};

// A device as other devices see it.
struct DeviceView {
  std::string_view id;
  std::string_view name;
  // Times when it connected first and was active last.
  TimeMs first_seen = 0;
  TimeMs last_active = 0;
  Presence presence = Presence::kOffline;
  // Number of its connections; 0 if it is away.
  std::size_t tabs = 0;
};

// The inbox, as devices are told of it.
struct InboxView {
  // Number of the newest message there ever was; 0 if there was none.
  std::int64_t last = 0;
  // Number up to which the user has read.
  std::int64_t read = 0;
  // Number of messages that are not read and have not expired.
  std::size_t unread = 0;
};

// A value, as devices are told of it.
struct ValueView {
  std::string_view key;
  std::int64_t version = 0;
  // Device that changed it last; empty for a server.
  std::string_view from;
  bool is_there = false;
  // JSON text of the value; empty where a reference to its slot stands for it.
  std::string_view text;
  std::uint32_t slot = 0;
};

// A reference stands for the text of a value, whose bytes the caller has and the module has not
// (state/values.h): the mark, which never occurs in UTF-8, and two bytes with four bits of the slot
// each. bindings/effect-reader.js puts the text in its place.
inline constexpr char kReferenceMark = '\xff';
inline constexpr std::size_t kReferenceBytes = 3;
void append_reference(std::string& out, std::uint32_t slot);
// Returns the slot of the reference at the beginning of `text`, or nullopt if there is none: a mark
// alone may come from a damaged row.
std::optional<std::uint32_t> referred_slot(std::string_view text);

// Each write function replaces `out` by one frame or one answer. A frame of version 2 that goes to
// all has no number yet; add_seq adds it.

// Writes `initial_state` in version 1, the first frame of a device.
void write_initial_state(std::string& out, const StateView& state, std::string_view device_id);
// What version 2 is told of the user beside the state, in the first frame and after a `clear`.
struct WholeView {
  const std::vector<DeviceView>& devices;
  // Place of the newest frame to all.
  Position position;
  // True if the device named a place from which it cannot continue.
  bool is_reset = false;
  InboxView inbox;
  // True if a message that the device has not got was dropped before it expired.
  bool is_lost = false;
  // All values; nullptr for a device that is brought the changes of those that it has.
  const std::vector<ValueView>* values = nullptr;
};
// Writes a frame with all about the user for a device of version 2. `type` is "initial_state" or
// "state".
void write_whole(std::string& out, std::string_view type, const StateView& state,
                 std::string_view device_id, const WholeView& whole);
void write_state(std::string& out, const StateView& state);
void write_state_answer(std::string& out, const StateView& state, std::size_t connected_devices);
void write_game_joined(std::string& out, std::string_view game_id, std::string_view games_json);
void write_game_left(std::string& out, std::string_view game_id, std::string_view games_json);
void write_games_answer(std::string& out, std::string_view games_json);
void write_presence_updated(std::string& out, Presence presence);
// Writes an `event` of the device `from`. `data` is JSON text and is sent as it is.
void write_event(std::string& out, std::string_view event, std::string_view data,
                 std::string_view from);
// Writes a pushed body in version 2. `body` is a JSON object and is sent to the letter.
void write_push(std::string& out, std::string_view body);
// Writes a message of the inbox. `unread` is the user's count with it, where a device can't count
// by itself since others were dropped.
void write_message(std::string& out, std::int64_t number, TimeMs expires_at, std::string_view body,
                   std::optional<std::size_t> unread = std::nullopt);
void write_inbox_read(std::string& out, const InboxView& inbox);
// Writes `value_changed`, or `value_deleted` if the value is not there.
void write_value_change(std::string& out, const ValueView& value);
// Write the `error` and the answer to a change that names another version than the value has.
void write_conflict(std::string& out, const Refusal& refusal, std::string_view id,
                    const ValueView& value);
void write_conflict_answer(std::string& out, const Refusal& refusal, const ValueView& value);
// Write the answer to a change of a value, which tells the version that it has now (0 if it is not
// there), and to a request for values.
void write_version_answer(std::string& out, std::int64_t version);
void write_values_answer(std::string& out, const std::vector<ValueView>& values);
// Writes the games as a JSON array, a part of other frames.
void write_games(std::string& out, const std::vector<std::string>& games);
// Writes the `ack` of a request. `is_repeated` is true if it was done before. `ended` is what a
// logout has ended, nullptr for any other request.
void write_ack(std::string& out, std::string_view id, bool is_repeated, const Ended* ended);
// Writes the answer to a request that was done.
void write_success_answer(std::string& out, const Ended* ended = nullptr);
// The report of a logout, by which the app ends its own sessions.
struct LogoutReport {
  std::string_view scope;
  TimeMs at = 0;
  // Second until which everything was ended that was issued; 0 if only some credentials were.
  std::int64_t issued_until_s = 0;
  // Ids by which the app knows credentials: those that were ended, as far as they are known, and
  // the one that was spared, empty if none was.
  std::vector<std::string_view> credentials;
  std::string_view spared;
};
void write_logout_report(std::string& out, const LogoutReport& report);
// Write the answer to a push: to how many connections it was sent and, for a message of the inbox,
// its number, how many messages there are now and how many older ones were dropped for it.
void write_delivered_answer(std::string& out, std::size_t delivered);
void write_delivered_answer(std::string& out, std::size_t delivered, std::int64_t number,
                            std::size_t kept, std::size_t dropped);
// Writes the `error` that refuses a frame. The member `id` is left out if it is empty.
void write_error(std::string& out, const Refusal& refusal, std::string_view id);
// Writes the `error` of a frame that came too soon, which tells the device how many milliseconds to
// wait.
void write_rate_limited(std::string& out, TimeMs retry_after_ms, std::string_view id);
void write_error_answer(std::string& out, const Refusal& refusal);
// Write the frames that tell version 2 of a device. `type` is "device_connected" or
// "device_updated"; the other is "device_disconnected".
void write_device_frame(std::string& out, std::string_view type, const DeviceView& device);
void write_device_gone(std::string& out, std::string_view device_id);
// Writes `logged_out`. `scope` is "all", "others", "device" or "credential".
void write_logged_out(std::string& out, std::string_view scope);
void write_devices_answer(std::string& out, const std::vector<DeviceView>& devices);
// Writes the answer to a request for metrics, which were counted from the time `since`.
void write_metrics_answer(std::string& out, std::string_view user_id, TimeMs since,
                          const Metrics& metrics);
// Writes the counts alone, as a JSON array in the order of Counter: a data point for the collector.
void write_metrics_point(std::string& out, const Metrics& metrics);

// Add members to an answer that has more of them.
void add_state(JsonWriter& json, const StateView& state, std::size_t connected_devices);
void add_devices(JsonWriter& json, const std::vector<DeviceView>& devices);
// `out` is what `json` writes to.
void add_values(std::string& out, JsonWriter& json, const std::vector<ValueView>& values);

// Adds the member `seq` to a frame of version 2, and `epoch` unless that is 0. Frames are kept
// without them, since version 1 has no numbers. In a push they stand before the body.
void add_seq(std::string& frame, std::int64_t seq, std::int64_t epoch = 0);

}  // namespace user_session
