#include "json/frame.h"

#include <array>

namespace user_session {
namespace {

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      constexpr std::string_view kHexDigits = "0123456789abcdef";
      out += "\\u00";
      out += kHexDigits[c >> 4];
      out += kHexDigits[c & 0xf];
  }
}

void append_state_fields(std::string& out, const StateView& state) {
  out += "\"userId\":";
  append_json_string(out, state.user_id);
  out += ",\"activeGames\":";
  out += state.games_json;
  out += R"(,"presence":")";
  out += presence_name(state.presence);
  out += R"(","lastActive":)";
  append_json_number(out, state.last_active);
}

void write_game_change(std::string& out, std::string_view type, std::string_view game_id,
                       std::string_view games_json) {
  out = R"({"type":")";
  out += type;
  out += R"(","gameId":)";
  append_json_string(out, game_id);
  out += ",\"activeGames\":";
  out += games_json;
  out += '}';
}

void append_refusal_fields(std::string& out, const Refusal& refusal) {
  out += R"("code":")";
  out += error_code_name(refusal.code);
  out += R"(","message":)";
  append_json_string(out, refusal.message);
}

// A push up to where its number goes. No other frame begins like it.
constexpr std::string_view kPushStart = R"({"type":"push")";

void append_push_body(std::string& out, std::string_view body) {
  out += R"(,"body":)";
  out += body;
  out += '}';
}

void append_device(std::string& out, const DeviceView& device, std::string_view viewer) {
  out += R"({"deviceId":)";
  append_json_string(out, device.id);
  out += R"(,"name":)";
  append_json_string(out, device.name);
  out += R"(,"firstSeen":)";
  append_json_number(out, device.first_seen);
  out += R"(,"lastActive":)";
  append_json_number(out, device.last_active);
  out += R"(,"presence":")";
  out += presence_name(device.presence);
  out += R"(","tabs":)";
  append_json_number(out, static_cast<std::int64_t>(device.tabs));
  if (!viewer.empty()) out += device.id == viewer ? R"(,"current":true)" : R"(,"current":false)";
  out += '}';
}

// Makes room for one more member.
void reopen(std::string& frame, std::string_view member) {
  frame.back() = ',';
  frame += member;
}

}  // namespace

void append_json_number(std::string& out, std::int64_t value) {
  std::array<char, 20> text{};
  std::size_t start = text.size();
  auto rest = static_cast<std::uint64_t>(value);
  if (value < 0) rest = -rest;
  do {
    text[--start] = static_cast<char>('0' + (rest % 10));
    rest /= 10;
  } while (rest > 0);
  if (value < 0) text[--start] = '-';
  out.append(text.data() + start, text.size() - start);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, written, i - written);
    append_escaped(out, c);
    written = i + 1;
  }
  out.append(text, written, text.size() - written);
  out += '"';
}

void write_initial_state(std::string& out, const StateView& state, std::string_view device_id) {
  out = R"({"type":"initial_state",)";
  append_state_fields(out, state);
  out += ",\"deviceId\":";
  append_json_string(out, device_id);
  out += '}';
}

void write_state(std::string& out, const StateView& state) {
  out = R"({"type":"state",)";
  append_state_fields(out, state);
  out += '}';
}

void write_state_answer(std::string& out, const StateView& state, std::size_t connected_devices) {
  out = '{';
  append_state_fields(out, state);
  out += ",\"connectedDevices\":";
  append_json_number(out, static_cast<std::int64_t>(connected_devices));
  out += ",\"isHibernating\":";
  out += connected_devices == 0 ? "true" : "false";
  out += '}';
}

void write_game_joined(std::string& out, std::string_view game_id, std::string_view games_json) {
  write_game_change(out, "game_joined", game_id, games_json);
}

void write_game_left(std::string& out, std::string_view game_id, std::string_view games_json) {
  write_game_change(out, "game_left", game_id, games_json);
}

void write_games_answer(std::string& out, std::string_view games_json) {
  out = "{\"activeGames\":";
  out += games_json;
  out += '}';
}

void write_presence_updated(std::string& out, Presence presence) {
  out = R"({"type":"presence_updated","presence":")";
  out += presence_name(presence);
  out += "\"}";
}

void write_event(std::string& out, std::string_view event, std::string_view data,
                 std::string_view from) {
  out = R"({"type":"event","event":)";
  append_json_string(out, event);
  out += ",\"data\":";
  out += data;
  out += ",\"from\":";
  append_json_string(out, from);
  out += '}';
}

void write_push(std::string& out, std::string_view body) {
  out = kPushStart;
  append_push_body(out, body);
}

void write_kept_push(std::string& out, std::string_view body) {
  out = kPushStart;
  out += R"(,"kept":true)";
  append_push_body(out, body);
}

void write_device_frame(std::string& out, std::string_view type, const DeviceView& device) {
  out = R"({"type":")";
  out += type;
  out += R"(","device":)";
  append_device(out, device, {});
  out += '}';
}

void write_device_gone(std::string& out, std::string_view device_id) {
  out = R"({"type":"device_disconnected","deviceId":)";
  append_json_string(out, device_id);
  out += '}';
}

void write_logged_out(std::string& out, std::string_view scope) {
  out = R"({"type":"logged_out","scope":")";
  out += scope;
  out += "\"}";
}

void append_devices(std::string& out, const std::vector<DeviceView>& devices,
                    std::string_view viewer) {
  out += '[';
  for (const DeviceView& device : devices) {
    if (out.back() != '[') out += ',';
    append_device(out, device, viewer);
  }
  out += ']';
}

void write_games(std::string& out, const std::vector<std::string>& games) {
  out = '[';
  for (const std::string& game : games) {
    if (out.size() > 1) out += ',';
    append_json_string(out, game);
  }
  out += ']';
}

void write_ack(std::string& out, std::string_view id, std::int64_t seq) {
  out = R"({"type":"ack"})";
  add_id(out, id);
  add_seq(out, seq);
}

void write_delivered_answer(std::string& out, std::size_t delivered) {
  out = "{\"delivered\":";
  append_json_number(out, static_cast<std::int64_t>(delivered));
  out += '}';
}

void write_metrics_answer(std::string& out, std::string_view user_id, TimeMs since,
                          const Metrics& metrics) {
  out = "{\"userId\":";
  append_json_string(out, user_id);
  out += ",\"since\":";
  append_json_number(out, since);
  for (std::size_t i = 0; i < Metrics::kCount; ++i) {
    out += ',';
    append_json_string(out, counter_name(static_cast<Counter>(i)));
    out += ':';
    append_json_number(out, metrics.at(static_cast<Counter>(i)));
  }
  out += '}';
}

void write_metrics_point(std::string& out, const Metrics& metrics) {
  out = "[";
  for (std::size_t i = 0; i < Metrics::kCount; ++i) {
    if (i > 0) out += ',';
    append_json_number(out, metrics.at(static_cast<Counter>(i)));
  }
  out += ']';
}

void write_error(std::string& out, const Refusal& refusal) {
  out = R"({"type":"error",)";
  append_refusal_fields(out, refusal);
  out += '}';
}

void write_rate_limited(std::string& out, TimeMs retry_after_ms) {
  out = R"({"type":"error",)";
  append_refusal_fields(out, {ErrorCode::kRateLimited, "too many frames: wait retryAfterMs"});
  out += ",\"retryAfterMs\":";
  append_json_number(out, retry_after_ms);
  out += '}';
}

void write_error_answer(std::string& out, const Refusal& refusal) {
  out = "{\"error\":{";
  append_refusal_fields(out, refusal);
  out += "}}";
}

void add_seq(std::string& frame, std::int64_t seq) {
  if (frame.starts_with(kPushStart)) {
    const std::string rest = frame.substr(kPushStart.size());
    frame.resize(kPushStart.size());
    frame += R"(,"seq":)";
    append_json_number(frame, seq);
    frame += rest;
    return;
  }
  reopen(frame, R"("seq":)");
  append_json_number(frame, seq);
  frame += '}';
}

void add_position(std::string& frame, Position position, bool is_reset) {
  reopen(frame, R"("epoch":)");
  append_json_number(frame, position.epoch);
  frame += is_reset ? R"(,"reset":true})" : "}";
  add_seq(frame, position.seq);
}

void add_id(std::string& frame, std::string_view id) {
  reopen(frame, R"("id":)");
  append_json_string(frame, id);
  frame += '}';
}

void mark_shared(std::string& frame) { reopen(frame, R"("credentialShared":true})"); }

void add_kept(std::string& answer, std::size_t kept, std::size_t dropped) {
  reopen(answer, R"("kept":)");
  append_json_number(answer, static_cast<std::int64_t>(kept));
  answer += R"(,"dropped":)";
  append_json_number(answer, static_cast<std::int64_t>(dropped));
  answer += '}';
}

}  // namespace user_session
