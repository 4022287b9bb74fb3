#include "operations.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "limits.h"

namespace user_session {
namespace {

using Kind = Operation::Kind;
using Says = Operation::Says;

constexpr std::size_t kOperationsMax = 120;
constexpr ConnectionId kSockets = 6;

constexpr std::array<TimeMs, 16> kTimes = {
    1,      100,       500,        999,           1'000, 1'001,  59'000,   59'999,
    60'000, 3'600'000, 86'400'000, 1'000'000'000, -1,    -5'000, -600'000, -86'400'000};

// Seconds before and after now at which a credential was issued.
constexpr std::array<std::int64_t, 8> kIssued = {-3'600, -60, -1, 0, 0, 1, 2, 60};
// When it ends; the past is an end too.
constexpr std::array<TimeMs, 5> kEnds = {1, 1'000, 60'000, 3'600'000, -1};

constexpr std::array<std::string_view, 6> kData = {
    "1", "\"text\"", "null", R"({ "a" : [1, 2.50, {"b":"\u00e9"}] })", "[ ]", "-0.10E+2"};

struct Refused {
  std::string_view text;
  std::string_view error;
};
constexpr std::array<Refused, 14> kRefused = {{
    {"", "invalid_json"},
    {"{", "invalid_json"},
    {"[]", "invalid_json"},
    {R"({"type":"ping",})", "invalid_json"},
    {R"({"type":"\ud800"})", "unknown_type"},
    {"{}", "invalid_message"},
    {R"({"type":1})", "invalid_message"},
    {R"({"type":"join_game"})", "invalid_message"},
    {R"({"type":"leave_game","gameId":7})", "invalid_message"},
    {R"({"type":"update_presence","presence":"busy"})", "invalid_message"},
    {R"({"type":"broadcast","data":1})", "invalid_message"},
    {R"({"type":"st\u0061te"})", "unknown_type"},
    {"{\"type\":\"\"}", "unknown_type"},
    {R"({"type":"PING"})", "unknown_type"},
}};
constexpr std::string_view kInvalidJson = "invalid_json";
constexpr std::string_view kInvalidMessage = "invalid_message";

std::string json_string(const std::string& text, bool is_ascii) {
  return nlohmann::json(text).dump(-1, ' ', is_ascii);
}

// Hands out bytes one by one, and zeros when there are no more.
class Draw {
 public:
  explicit Draw(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool is_done() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }

  template <typename List>
  auto one_of(const List& list) {
    return list[byte() % list.size()];
  }

 private:
  std::string_view rest_;
};

std::string draw_name(Draw& draw) {
  const std::uint8_t which = draw.byte();
  switch (which) {
    case 0:
      return "";
    case 1:
      return std::string(kNameBytesMax, 'n');
    case 2:
      return std::string(kNameBytesMax + 1, 'n');
    case 3:
      return "\"quoted\\ \x01\n\"";
    case 4:
      return "\xc3\xa9\xf0\x9f\x8e\xb2";
    case 5:
      return " two words ";
    case 6:
      return "<x*3>";
    case 7:
      return std::string(kDeviceIdBytesMax + 1, 'd');
    default:
      return "n" + std::to_string(which % 24);
  }
}

// A frame's text with its members in either order, and with or without escapes and space.
std::string frame_text(std::string_view type, const std::string& members, std::uint8_t form) {
  std::string head = R"("type":")" + std::string(type) + '"';
  if ((form & 1U) != 0)
    head.replace(
        8, 1, "\\u00" + std::string(type[0] < 'p' ? "6" : "7") + "0123456789abcdef"[type[0] & 0xf]);
  if (members.empty()) return '{' + head + '}';
  if ((form & 2U) != 0) return "{ " + members + " , " + head + " }";
  return '{' + head + ',' + members + '}';
}

void refuse(Operation& operation, std::string_view error) {
  operation.says = Says::kNothing;
  operation.error = error;
}

// A frame with a name in it, which may be too short or too long.
void draw_named(Draw& draw, Operation& operation, std::string_view type, std::string_view field) {
  operation.name = draw_name(draw);
  const std::uint8_t form = draw.byte();
  std::string members =
      '"' + std::string(field) + "\":" + json_string(operation.name, (form & 4U) != 0);
  if (operation.says == Says::kBroadcast) {
    operation.data = draw.one_of(kData);
    if ((form & 8U) == 0) members += ",\"data\": " + operation.data + ' ';
    if ((form & 8U) != 0) operation.data = "null";
  }
  operation.text = frame_text(type, members, form);
  if (operation.name.empty()) refuse(operation, kInvalidMessage);
  if (operation.name.size() > kNameBytesMax) refuse(operation, "limit_reached");
}

// One of exactly the size that is still taken, or one byte longer.
void draw_large(Draw& draw, Operation& operation) {
  const std::size_t size = kFrameBytesMax + (draw.byte() % 2);
  const std::string head = R"({"type":"broadcast","event":"e","data":")";
  operation.says = Says::kBroadcast;
  operation.name = "e";
  operation.data = '"' + std::string(size - head.size() - 2, 'x') + '"';
  operation.text = head.substr(0, head.size() - 1) + operation.data + '}';
  if (size > kFrameBytesMax) refuse(operation, "too_large");
}

void draw_saying(Draw& draw, Operation& operation) {
  const std::uint8_t which = draw.byte() % 16;
  operation.says = static_cast<Says>(std::min<int>(which / 2, static_cast<int>(Says::kNothing)));
  switch (operation.says) {
    case Says::kJoin:
      return draw_named(draw, operation, "join_game", "gameId");
    case Says::kLeave:
      return draw_named(draw, operation, "leave_game", "gameId");
    case Says::kBroadcast:
      return draw_named(draw, operation, "broadcast", "event");
    case Says::kPresence: {
      constexpr std::array<std::string_view, 3> kWords = {"online", "away", "offline"};
      operation.name = draw.one_of(kWords);
      operation.text =
          frame_text("update_presence", R"("presence":")" + operation.name + '"', draw.byte());
      return;
    }
    case Says::kSync:
      operation.text = frame_text("sync_state", "", draw.byte());
      return;
    case Says::kPing:
      operation.text = frame_text("ping", "", draw.byte());
      return;
    case Says::kLogout:
      operation.text = frame_text("logout_all", "", draw.byte());
      return;
    case Says::kNothing:
      break;
  }
  const std::uint8_t refused = draw.byte();
  if (refused == 0xff) return draw_large(draw, operation);
  operation.text = kRefused[refused % kRefused.size()].text;
  operation.error = kRefused[refused % kRefused.size()].error;
}

void draw_details(Draw& draw, Operation& operation) {
  switch (operation.kind) {
    case Kind::kConnect:
      operation.connection = draw.byte() % kSockets;
      operation.name = draw_name(draw);
      return;
    case Kind::kFrame:
      operation.connection = draw.byte() % kSockets;
      return draw_saying(draw, operation);
    case Kind::kBinary: {
      constexpr std::array<std::size_t, 5> kSizes = {
          0, 1, kFrameBytesMax + 1, kFrameBytesBeforeClose, kFrameBytesBeforeClose + 1};
      operation.connection = draw.byte() % kSockets;
      operation.size = draw.one_of(kSizes);
      operation.error = kInvalidJson;
      return;
    }
    case Kind::kDisconnect:
    case Kind::kHeartbeat:
      operation.connection = draw.byte() % kSockets;
      return;
    case Kind::kPush:
      return draw_saying(draw, operation);
    case Kind::kJoin:
    case Kind::kLeave:
      operation.name = draw_name(draw);
      return;
    case Kind::kAfter:
      operation.after = draw.one_of(kTimes);
      return;
    case Kind::kCredential: {
      const std::uint8_t which = draw.byte();
      if ((which & 3U) != 0) operation.issued_after_s = draw.one_of(kIssued);
      if ((which & 4U) != 0) operation.ends_after = draw.one_of(kEnds);
      return;
    }
    default:
      return;
  }
}

// The module traps at events alone. At the closing of a socket it can too, but its attachment has
// gone with it then, and no model knows what it held.
bool can_trap(Kind kind) {
  return kind != Kind::kSleep && kind != Kind::kHeartbeat && kind != Kind::kAfter &&
         kind != Kind::kCredential && kind != Kind::kDisconnect;
}

// Frequent kinds have several numbers.
constexpr std::array<Kind, 30> kKinds = {
    Kind::kConnect, Kind::kConnect, Kind::kConnect,    Kind::kFrame,      Kind::kFrame,
    Kind::kFrame,   Kind::kFrame,   Kind::kFrame,      Kind::kFrame,      Kind::kFrame,
    Kind::kFrame,   Kind::kFrame,   Kind::kDisconnect, Kind::kDisconnect, Kind::kHeartbeat,
    Kind::kBinary,  Kind::kState,   Kind::kState,      Kind::kClear,      Kind::kPush,
    Kind::kJoin,    Kind::kJoin,    Kind::kLeave,      Kind::kLogout,     Kind::kMetrics,
    Kind::kSleep,   Kind::kSleep,   Kind::kAfter,      Kind::kAfter,      Kind::kCredential};
// One more, for a kind at which the module traps.
constexpr std::uint8_t kTrap = kKinds.size();

}  // namespace

Story story_of(std::string_view bytes) {
  constexpr std::array<std::uint32_t, 4> kDevices = {128, 3, 2, 1};
  Draw draw(bytes);
  const std::uint8_t first = draw.byte();
  Story story;
  story.devices_max = kDevices[first % kDevices.size()];
  story.is_measured = (first & 4U) != 0;
  // Almost as many as there may be, which nobody would draw; seldom, since they take their time.
  const std::size_t games = first >= 0xf0 ? kActiveGamesMax - 2 : 0;
  for (std::size_t i = 0; i < games; ++i) story.games.push_back("g" + std::to_string(i));
  for (std::size_t count = 0; !draw.is_done() && count < kOperationsMax; ++count) {
    std::uint8_t which = draw.byte() % (kTrap + 1);
    Operation operation;
    const bool is_trap = which == kTrap;
    if (is_trap) which = draw.byte() % kKinds.size();
    operation.kind = kKinds[which];
    operation.is_trapped = is_trap && can_trap(operation.kind);
    draw_details(draw, operation);
    story.operations.push_back(operation);
  }
  return story;
}

}  // namespace user_session
