#include "format/snapshot.h"
#include "limits.h"
#include "operations.h"

namespace user_session {
namespace {

using Kind = Operation::Kind;

Payload payload_of(std::string_view text) {
  const bool is_copied = text.size() <= kFrameBytesMax;
  return {.text = is_copied ? text : std::string_view(), .size_bytes = text.size()};
}

Credential credential_of(const Host& host, const Operation& operation) {
  Credential credential;
  if (operation.issued_after_s) {
    credential.issued_at_s = (host.now / kMsPerSecond) + *operation.issued_after_s;
  }
  if (operation.ends_after) credential.expires_at = host.now + *operation.ends_after;
  identify(credential, {});
  return credential;
}

std::string snapshot_of(const Story& story) {
  Snapshot snapshot;
  snapshot.active_games = story.games;
  std::string bytes;
  encode_snapshot(snapshot.active_games, snapshot.last_active, snapshot.extension, snapshot.rest,
                  bytes);
  return bytes;
}

void perform_request(Host& host, const Operation& operation) {
  switch (operation.kind) {
    case Kind::kClear:
      return host.request(ClearRequested{.now = host.now, .credential = host.credential});
    case Kind::kPush:
      return host.request(PushRequested{.now = host.now, .payload = payload_of(operation.text)});
    case Kind::kJoin:
      return host.request(GameJoinRequested{.now = host.now, .game_id = operation.name});
    case Kind::kLeave:
      return host.request(GameLeaveRequested{.now = host.now, .game_id = operation.name});
    case Kind::kLogout:
      return host.request(LogoutRequested{.now = host.now, .credential = {}});
    case Kind::kMetrics:
      return host.request(MetricsRequested{.now = host.now});
    default:
      return host.request_state();
  }
}

void perform_event(Host& host, const Operation& operation) {
  switch (operation.kind) {
    case Kind::kConnect:
      return host.connect(operation.connection, operation.name);
    case Kind::kFrame:
      return host.receive(operation.connection, true, operation.text, operation.text.size());
    case Kind::kBinary:
      return host.receive(operation.connection, false, {}, operation.size);
    case Kind::kDisconnect:
      return host.disconnect(operation.connection);
    case Kind::kSleep:
      return host.wake();
    default:
      return perform_request(host, operation);
  }
}

}  // namespace

std::string in_scenario(std::string_view text) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  constexpr std::size_t kFoldedFrom = 32;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t run = 1;
    while (i + run < text.size() && text[i + run] == text[i]) ++run;
    const auto c = static_cast<unsigned char>(text[i]);
    const bool is_plain = c > ' ' && c < 0x7f && c != '\\' && c != '<' && c != '>';
    if (is_plain && run >= kFoldedFrom) {
      out += {'<', text[i], '*'};
      out += std::to_string(run) + '>';
      i += run;
      continue;
    }
    const bool is_inner_space = c == ' ' && i > 0 && i + 1 < text.size();
    if (is_plain || is_inner_space) out += text[i];
    if (!is_plain && !is_inner_space) out += {'\\', 'x', kHexDigits[c >> 4], kHexDigits[c & 0xf]};
    ++i;
  }
  return out;
}

bool is_possible(const Host& host, const Operation& operation) {
  const bool is_open = host.sockets.contains(operation.connection);
  switch (operation.kind) {
    case Kind::kConnect:
      return !is_open;
    case Kind::kHeartbeat:
      return is_open;
    case Kind::kAfter:
      return host.now + operation.after > 0;
    default:
      return true;
  }
}

void perform(Host& host, const Operation& operation) {
  switch (operation.kind) {
    case Kind::kHeartbeat:
      host.sockets[operation.connection].heartbeat = host.now;
      return;
    case Kind::kAfter:
      host.now += operation.after;
      return;
    case Kind::kCredential:
      host.credential = credential_of(host, operation);
      return;
    default:
      break;
  }
  if (!operation.is_trapped) return perform_event(host, operation);
  Host doomed = host;
  perform_event(doomed, operation);
  host.wake();
}

std::string command_of(const Host& host, const Operation& operation) {
  if (operation.is_trapped) return "sleep";
  const std::string to = std::to_string(operation.connection);
  switch (operation.kind) {
    case Kind::kConnect:
      return "connect " + to + ' ' + in_scenario(operation.name);
    case Kind::kFrame:
      return "frame " + to + ' ' + in_scenario(operation.text);
    case Kind::kBinary:
      return "binary " + to + ' ' + std::to_string(operation.size);
    case Kind::kDisconnect:
      return "disconnect " + to;
    case Kind::kHeartbeat:
      return "heartbeat " + to;
    case Kind::kState:
      return "state";
    case Kind::kClear:
      return "clear";
    case Kind::kPush:
      return "push " + in_scenario(operation.text);
    case Kind::kJoin:
      return "join " + in_scenario(operation.name);
    case Kind::kLeave:
      return "leave " + in_scenario(operation.name);
    case Kind::kLogout:
      return "logout";
    case Kind::kMetrics:
      return "metrics";
    case Kind::kSleep:
      return "sleep";
    case Kind::kAfter:
      return "after " + std::to_string(operation.after);
    case Kind::kCredential:
      break;
  }
  const Credential credential = credential_of(host, operation);
  return "credential " + std::to_string(credential.issued_at_s) + ' ' +
         std::to_string(credential.expires_at);
}

std::vector<std::string> opening_of(const Story& story) {
  std::vector<std::string> commands = {"at " + std::to_string(kStoryBegins),
                                       "allow devices " + std::to_string(story.devices_max)};
  if (!story.games.empty()) commands.push_back("stored " + in_scenario(snapshot_of(story)));
  if (story.is_measured) commands.emplace_back("measured");
  commands.emplace_back("wake alice");
  return commands;
}

Host begin(const Story& story) {
  Host host;
  host.user_id = "alice";
  host.now = kStoryBegins;
  host.rate_limits.devices_max = story.devices_max;
  host.is_measured = story.is_measured;
  if (!story.games.empty()) host.stored = snapshot_of(story);
  host.wake();
  return host;
}

}  // namespace user_session
