// The members of each frame and answer; see frame.h.
#include "json/frame.h"

namespace user_session {
namespace {

// Beginning of a push up to the place of its number. No other frame begins like it.
constexpr std::string_view kPushStart = R"({"type":"push")";

// Set in the bytes of a reference that have four bits of the slot, so that they are no ASCII.
constexpr std::uint32_t kFourBits = 0x80;

constexpr Refusal kTooSoon = {ErrorCode::kRateLimited, "too many frames: wait retryAfterMs"};

JsonWriter answer(std::string& out) {
  JsonWriter json(out);
  json.open_object();
  return json;
}

// Begins a frame with its type.
JsonWriter frame(std::string& out, std::string_view type) {
  JsonWriter json = answer(out);
  json.string("type", type);
  return json;
}

void add_state(JsonWriter& json, const StateView& state) {
  json.string("userId", state.user_id);
  json.json("activeGames", state.games_json);
  json.string("presence", presence_name(state.presence));
  json.number("lastActive", state.last_active);
}

void write_game_change(std::string& out, std::string_view type, std::string_view game_id,
                       std::string_view games_json) {
  JsonWriter json = frame(out, type);
  json.string("gameId", game_id);
  json.json("activeGames", games_json);
  json.close_object();
}

void add_refusal(JsonWriter& json, const Refusal& refusal) {
  json.string("code", error_code_name(refusal.code));
  json.string("message", refusal.message);
}

// Adds the members of a device that every device is told.
void add_device(JsonWriter& json, const DeviceView& device) {
  json.string("deviceId", device.id);
  json.string("name", device.name);
  json.number("firstSeen", device.first_seen);
  json.number("lastActive", device.last_active);
  json.string("presence", presence_name(device.presence));
  json.count("tabs", device.tabs);
}

void add_request_id(JsonWriter& json, std::string_view id) {
  if (!id.empty()) json.string("id", id);
}

void add_ended(JsonWriter& json, const Ended& ended) {
  json.open_object("ended");
  json.count("sockets", ended.sockets);
  json.count("credentials", ended.credentials);
  json.close_object();
  if (ended.is_credential_shared) json.boolean("credentialShared", true);
  if (!ended.is_complete) json.boolean("complete", false);
}

// Adds the text of a value, or the reference to it.
void add_text(std::string& out, JsonWriter& json, const ValueView& value) {
  json.json("value", value.text);
  if (value.text.empty()) append_reference(out, value.slot);
}

void add_conflict(std::string& out, JsonWriter& json, const Refusal& refusal,
                  const ValueView& value) {
  add_refusal(json, refusal);
  json.string("key", value.key);
  json.number("version", value.version);
  if (value.is_there) add_text(out, json, value);
}

}  // namespace

void append_reference(std::string& out, std::uint32_t slot) {
  out += kReferenceMark;
  out += static_cast<char>(kFourBits | slot >> 4U);
  out += static_cast<char>(kFourBits | (slot & 0xfU));
}

std::optional<std::uint32_t> referred_slot(std::string_view text) {
  if (text.size() < kReferenceBytes) return std::nullopt;
  const auto high = static_cast<unsigned char>(text[1]);
  const auto low = static_cast<unsigned char>(text[2]);
  if (high >> 4U != kFourBits >> 4U || low >> 4U != kFourBits >> 4U) return std::nullopt;
  return (high & 0xfU) << 4U | (low & 0xfU);
}

void write_initial_state(std::string& out, const StateView& state, std::string_view device_id) {
  JsonWriter json = frame(out, "initial_state");
  add_state(json, state);
  json.string("deviceId", device_id);
  json.close_object();
}

void write_whole(std::string& out, std::string_view type, const StateView& state,
                 std::string_view device_id, const WholeView& whole) {
  JsonWriter json = frame(out, type);
  add_state(json, state);
  json.string("deviceId", device_id);
  json.open_list("devices");
  for (const DeviceView& device : whole.devices) {
    json.open_object();
    add_device(json, device);
    json.boolean("current", device.id == device_id);
    json.close_object();
  }
  json.close_list();
  if (whole.values != nullptr) add_values(out, json, *whole.values);
  json.open_object("inbox");
  json.number("last", whole.inbox.last);
  json.number("read", whole.inbox.read);
  json.count("unread", whole.inbox.unread);
  json.close_object();
  if (whole.is_lost) json.boolean("lost", true);
  json.number("epoch", whole.position.epoch);
  if (whole.is_reset) json.boolean("reset", true);
  json.number("seq", whole.position.seq);
  json.close_object();
}

void write_state(std::string& out, const StateView& state) {
  JsonWriter json = frame(out, "state");
  add_state(json, state);
  json.close_object();
}

void add_state(JsonWriter& json, const StateView& state, std::size_t connected_devices) {
  add_state(json, state);
  json.count("connectedDevices", connected_devices);
  json.boolean("isHibernating", connected_devices == 0);
}

void add_devices(JsonWriter& json, const std::vector<DeviceView>& devices) {
  json.open_list("devices");
  for (const DeviceView& device : devices) {
    json.open_object();
    add_device(json, device);
    json.close_object();
  }
  json.close_list();
}

void add_values(std::string& out, JsonWriter& json, const std::vector<ValueView>& values) {
  json.open_object("values");
  for (const ValueView& value : values) {
    json.open_named_object(value.key);
    add_text(out, json, value);
    json.number("version", value.version);
    json.close_object();
  }
  json.close_object();
}

void write_state_answer(std::string& out, const StateView& state, std::size_t connected_devices) {
  JsonWriter json = answer(out);
  add_state(json, state, connected_devices);
  json.close_object();
}

void write_devices_answer(std::string& out, const std::vector<DeviceView>& devices) {
  JsonWriter json = answer(out);
  add_devices(json, devices);
  json.close_object();
}

void write_game_joined(std::string& out, std::string_view game_id, std::string_view games_json) {
  write_game_change(out, "game_joined", game_id, games_json);
}

void write_game_left(std::string& out, std::string_view game_id, std::string_view games_json) {
  write_game_change(out, "game_left", game_id, games_json);
}

void write_games_answer(std::string& out, std::string_view games_json) {
  JsonWriter json = answer(out);
  json.json("activeGames", games_json);
  json.close_object();
}

void write_presence_updated(std::string& out, Presence presence) {
  JsonWriter json = frame(out, "presence_updated");
  json.string("presence", presence_name(presence));
  json.close_object();
}

void write_event(std::string& out, std::string_view event, std::string_view data,
                 std::string_view from) {
  JsonWriter json = frame(out, "event");
  json.string("event", event);
  json.json("data", data);
  json.string("from", from);
  json.close_object();
}

void write_push(std::string& out, std::string_view body) {
  JsonWriter json = frame(out, "push");
  json.json("body", body);
  json.close_object();
}

void write_message(std::string& out, std::int64_t number, TimeMs expires_at, std::string_view body,
                   std::optional<std::size_t> unread) {
  JsonWriter json = frame(out, "push");
  json.number("inbox", number);
  json.number("expiresAt", expires_at);
  if (unread) json.count("unread", *unread);
  json.json("body", body);
  json.close_object();
}

void write_inbox_read(std::string& out, const InboxView& inbox) {
  JsonWriter json = frame(out, "inbox_read");
  json.number("inbox", inbox.read);
  json.count("unread", inbox.unread);
  json.close_object();
}

void write_value_change(std::string& out, const ValueView& value) {
  JsonWriter json = frame(out, value.is_there ? "value_changed" : "value_deleted");
  json.string("key", value.key);
  if (value.is_there) add_text(out, json, value);
  json.number("version", value.version);
  if (value.from.empty()) {
    json.json("from", "null");
  } else {
    json.string("from", value.from);
  }
  json.close_object();
}

void write_conflict(std::string& out, const Refusal& refusal, std::string_view id,
                    const ValueView& value) {
  JsonWriter json = frame(out, "error");
  add_conflict(out, json, refusal, value);
  add_request_id(json, id);
  json.close_object();
}

void write_conflict_answer(std::string& out, const Refusal& refusal, const ValueView& value) {
  JsonWriter json = answer(out);
  json.open_object("error");
  add_conflict(out, json, refusal, value);
  json.close_object();
  json.close_object();
}

void write_version_answer(std::string& out, std::int64_t version) {
  JsonWriter json = answer(out);
  json.number("version", version);
  json.close_object();
}

void write_values_answer(std::string& out, const std::vector<ValueView>& values) {
  JsonWriter json = answer(out);
  add_values(out, json, values);
  json.close_object();
}

void write_games(std::string& out, const std::vector<std::string>& games) {
  JsonWriter json(out);
  json.open_list();
  for (const std::string& game : games) json.string(game);
  json.close_list();
}

void write_ack(std::string& out, std::string_view id, bool is_repeated, const Ended* ended) {
  JsonWriter json = frame(out, "ack");
  json.string("id", id);
  if (is_repeated) json.boolean("repeated", true);
  if (ended != nullptr) add_ended(json, *ended);
  json.close_object();
}

void write_success_answer(std::string& out, const Ended* ended) {
  JsonWriter json = answer(out);
  json.boolean("success", true);
  if (ended != nullptr) add_ended(json, *ended);
  json.close_object();
}

void write_logout_report(std::string& out, const LogoutReport& report) {
  JsonWriter json = answer(out);
  json.string("scope", report.scope);
  json.number("at", report.at);
  if (report.issued_until_s > 0) json.number("issuedUntil", report.issued_until_s);
  json.open_list("credentialIds");
  for (const std::string_view id : report.credentials) json.string(id);
  json.close_list();
  if (!report.spared.empty()) json.string("exceptCredentialId", report.spared);
  json.close_object();
}

void write_delivered_answer(std::string& out, std::size_t delivered) {
  JsonWriter json = answer(out);
  json.count("delivered", delivered);
  json.close_object();
}

void write_delivered_answer(std::string& out, std::size_t delivered, std::int64_t number,
                            std::size_t kept, std::size_t dropped) {
  JsonWriter json = answer(out);
  json.count("delivered", delivered);
  json.number("inbox", number);
  json.count("kept", kept);
  json.count("dropped", dropped);
  json.close_object();
}

void write_error(std::string& out, const Refusal& refusal, std::string_view id) {
  JsonWriter json = frame(out, "error");
  add_refusal(json, refusal);
  add_request_id(json, id);
  json.close_object();
}

void write_rate_limited(std::string& out, TimeMs retry_after_ms, std::string_view id) {
  JsonWriter json = frame(out, "error");
  add_refusal(json, kTooSoon);
  json.number("retryAfterMs", retry_after_ms);
  add_request_id(json, id);
  json.close_object();
}

void write_error_answer(std::string& out, const Refusal& refusal) {
  JsonWriter json = answer(out);
  json.open_object("error");
  add_refusal(json, refusal);
  json.close_object();
  json.close_object();
}

void write_device_frame(std::string& out, std::string_view type, const DeviceView& device) {
  JsonWriter json = frame(out, type);
  json.open_object("device");
  add_device(json, device);
  json.close_object();
  json.close_object();
}

void write_device_gone(std::string& out, std::string_view device_id) {
  JsonWriter json = frame(out, "device_disconnected");
  json.string("deviceId", device_id);
  json.close_object();
}

void write_logged_out(std::string& out, std::string_view scope) {
  JsonWriter json = frame(out, "logged_out");
  json.string("scope", scope);
  json.close_object();
}

void write_metrics_answer(std::string& out, std::string_view user_id, TimeMs since,
                          const Metrics& metrics) {
  JsonWriter json = answer(out);
  json.string("userId", user_id);
  json.number("since", since);
  for (std::size_t i = 0; i < Metrics::kCount; ++i) {
    const auto counter = static_cast<Counter>(i);
    json.number(counter_name(counter), metrics.at(counter));
  }
  json.close_object();
}

void write_metrics_point(std::string& out, const Metrics& metrics) {
  JsonWriter json(out);
  json.open_list();
  for (std::size_t i = 0; i < Metrics::kCount; ++i) {
    json.number(metrics.at(static_cast<Counter>(i)));
  }
  json.close_list();
}

void add_seq(std::string& frame, std::int64_t seq, std::int64_t epoch) {
  std::string members = R"(,"seq":)";
  append_json_number(members, seq);
  if (epoch != 0) {
    members += R"(,"epoch":)";
    append_json_number(members, epoch);
  }
  frame.insert(frame.starts_with(kPushStart) ? kPushStart.size() : frame.size() - 1, members);
}

}  // namespace user_session
