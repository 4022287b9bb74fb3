// Any bytes as a frame or a push: nothing crashes; the two readers and RFC 8259 agree about them;
// what is sent is JSON, in order, and has a broadcast's `data` as it was written.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "checks.h"
#include "host.h"
#include "json/fields.h"
#include "json/frame.h"
#include "limits.h"

namespace user_session {
namespace {

void require_same(const Field& walked, const Field& parsed) {
  require(walked.kind == parsed.kind, "walk and parser see the same kind of a field");
  if (walked.kind == Field::Kind::kString) {
    require(walked.value == parsed.value, "walk and parser read the same string", walked.value);
  }
  if (walked.kind == Field::Kind::kStrings) {
    require(walked.strings == parsed.strings, "walk and parser read the same strings");
  }
}

void check_readers(std::string_view text) {
  Fields parsed;
  const bool is_read = read_json_fields(text, parsed);
  const bool is_object = text.find_first_not_of(" \t\n\r") == text.find('{');
  const bool is_frame = is_json(text) && is_object && nesting_of(text) <= kNestingMax;
  require(!is_read || is_frame, "the parser takes only JSON");
  require(is_read || !is_frame, "the parser takes all JSON");
  Fields walked;
  if (!read_plain_fields(text, walked)) return;
  require(is_read, "the parser reads what the walk reads");
  require_same(walked.type, parsed.type);
  require_same(walked.game_id, parsed.game_id);
  require_same(walked.presence, parsed.presence);
  require_same(walked.event, parsed.event);
  require_same(walked.id, parsed.id);
  require_same(walked.name, parsed.name);
  require_same(walked.device_id, parsed.device_id);
  require_same(walked.to, parsed.to);
  require_same(walked.except, parsed.except);
  for (const auto field : {&Fields::data, &Fields::again, &Fields::inbox}) {
    const Field& one = walked.*field;
    const Field& other = parsed.*field;
    require(one.kind == other.kind && one.value == other.value,
            "walk and parser find the same text of a value", one.value);
  }
}

// A broadcast goes out with the text of its data between the names that the frame has around it.
void check_broadcast(std::string_view text, const EffectList& effects) {
  Fields fields;
  if (!read_json_fields(text, fields) || fields.type.value != "broadcast") return;
  const bool has_data = fields.data.kind != Field::Kind::kAbsent;
  const std::string data = has_data ? std::string(fields.data.value) : "null";
  require(is_json(data), "data is one JSON value", data);
  require(!has_data || text.find(data) != std::string_view::npos, "data is a part of the frame");
  for (const Effect& effect : effects.list()) {
    if (effect.kind != EffectKind::kSendToAll) continue;
    require(effects.text(effect).ends_with(",\"data\":" + data + R"(,"from":"phone"})"),
            "data is sent as it was written", effects.text(effect));
  }
}

// Each test begins in the same session.
Host session_of_two() {
  Host host;
  host.user_id = "alice";
  host.now = 1'700'000'000'000;
  host.wake();
  host.connect(0, "phone");
  host.connect(1, "laptop");
  return host;
}

void check_frame(Host host, std::string_view text) {
  host.receive(0, true, text, text.size());
  require_sound(host.effects());
  check_broadcast(text, host.effects());
  Fields fields;
  const bool is_read = read_json_fields(text, fields);
  const bool is_refused =
      host.effects().texts().find(R"({"type":"error","code":"invalid_json")") != std::string::npos;
  require(is_refused || is_read, "what is no JSON is refused");
}

void check_push(Host host, std::string_view text) {
  host.request(
      PushRequested{.now = host.now, .payload = {.text = text, .size_bytes = text.size()}});
  require_sound(host.effects());
  for (const Effect& effect : host.effects().list()) {
    if (effect.kind != EffectKind::kSendToAll) continue;
    require(host.effects().text(effect) == text, "a push is sent as it was written", text);
  }
}

constexpr ConnectionId kTablet = 2;
constexpr std::string_view kRunOfTablet = "run-of-the-tablet";

// A device of version 2 has every push in a frame of the session's own, whatever the push says, and
// a device of version 1 none that it could take for one.
void check_v2_push(Host host, std::string_view text) {
  host.connect_v2(kTablet, "tablet", {});
  host.request(
      PushRequested{.now = host.now, .payload = {.text = text, .size_bytes = text.size()}});
  require_sound(host.effects());
  const std::string body = ",\"body\":" + std::string(text) + '}';
  for (const Effect& effect : host.effects().list()) {
    if (effect.kind != EffectKind::kSend) continue;
    const std::string_view sent = host.effects().text(effect);
    const bool is_wrapped =
        sent.starts_with(R"({"type":"push","seq":1,"epoch":)") && sent.ends_with(body);
    require(effect.connection == kTablet ? is_wrapped : sent == text,
            "a push is sent as its version has it", sent);
    Fields fields;
    require(read_json_fields(text, fields), "a push is JSON", text);
    const auto& ours = kVersion1FrameTypes;
    require(std::find(ours.begin(), ours.end(), fields.type.value) == ours.end(),
            "no push has a type of the session's own", text);
  }
}

// A frame of version 2 has one answer at most, and none is acknowledged but a request of the
// connection's own run that says its number.
void check_v2_frame(Host host, std::string_view text) {
  host.connect_v2(kTablet, "tablet", {.run = kRunOfTablet});
  host.receive(kTablet, true, text, text.size());
  require_sound(host.effects());
  Fields fields;
  const bool is_read = read_json_fields(text, fields);
  std::size_t answers = 0;
  for (const Effect& effect : host.effects().list()) {
    const std::string_view sent = host.effects().text(effect);
    const bool is_sent = effect.kind == EffectKind::kSend && effect.connection == kTablet;
    const bool is_ack = is_sent && sent.starts_with(R"({"type":"ack")");
    if (is_ack || (is_sent && sent.starts_with(R"({"type":"error")"))) ++answers;
    if (!is_ack) continue;
    const std::string id = fields.id.value.empty() ? "" : std::string(fields.id.value);
    require(is_read && id.starts_with(std::string(kRunOfTablet) + '.'),
            "what is acknowledged is a request of this run", sent);
    require(sent == R"({"type":"ack","id":")" + id + "\"}", "an ack names its request", sent);
    require(fields.again.kind == Field::Kind::kAbsent, "of this run nothing can be repeated", sent);
  }
  require(answers <= 1, "a frame has one answer at most", text);
}

}  // namespace
}  // namespace user_session

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace user_session;
  static const Host kHost = session_of_two();
  // A copy of its own size, so that AddressSanitizer sees every read beyond the frame.
  const std::string text(data, data + size);
  check_readers(text);
  check_frame(kHost, text);
  check_push(kHost, text);
  check_v2_push(kHost, text);
  check_v2_frame(kHost, text);
  return 0;
}
