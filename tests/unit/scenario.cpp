#include "scenario.h"

#include <algorithm>
#include <utility>

#include "decoded.h"
#include "limits.h"
#include "scenario_text.h"

namespace user_session {
namespace {

using Lines = std::vector<std::string>;

// Effects

std::string line_of(const Effect& effect, std::string_view text, const Names& names) {
  const std::string to = std::to_string(effect.connection);
  const std::string number = std::to_string(effect.number);
  switch (effect.kind) {
    case EffectKind::kQuarantine:
      return "quarantine";
    case EffectKind::kErase:
      return "erase";
    case EffectKind::kStore:
      return "store " + decoded_row(text, names);
    case EffectKind::kStoreInbox:
      return "store_inbox " + decoded_inbox(text);
    case EffectKind::kStoreMessage:
      return "store_message " + number + ' ' + decoded_message(text);
    case EffectKind::kDeleteMessage:
      return "delete_message " + number;
    case EffectKind::kStoreValue:
      return "store_value " + number + ' ' + decoded_value(text);
    case EffectKind::kQuarantineValue:
      return "quarantine_value " + number;
    case EffectKind::kStoreLogout:
      return "store_logout " + decoded_logout(text, names);
    case EffectKind::kSetAttachment:
      return "attach " + to + ' ' + decoded_attachment(text, names);
    case EffectKind::kAccept:
      return "accept " + to;
    case EffectKind::kSend:
      return "send " + to + ' ' + shown(text);
    case EffectKind::kSendToAll:
      return "send_to_all " + shown(text);
    case EffectKind::kClose:
      return "close " + to + ' ' + number + ' ' + shown(text);
    case EffectKind::kExpel:
      return "expel " + to + ' ' + number + ' ' + shown(text);
    case EffectKind::kCloseAll:
      return "close_all " + number + ' ' + shown(text);
    case EffectKind::kAnswer:
      return "answer " + number + ' ' + shown(text);
    case EffectKind::kRecordMetrics:
      return "record_metrics " + shown(text);
    case EffectKind::kLog:
      return "log " + shown(text);
    case EffectKind::kLogOut:
      return "log_out " + shown(text);
  }
  return "an unknown effect";
}

Lines effect_lines(const Host& host) {
  Lines lines;
  for (const Effect& effect : host.effects().list()) {
    lines.push_back(line_of(effect, host.text(effect), host.names));
  }
  return lines;
}

// Commands

// Takes the first word off `rest`.
std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

template <typename Number>
Number take_number(std::string_view& rest) {
  return number_of<Number>(take_word(rest));
}

// What a user may ask for from the next waking on.
void allow(RateLimits& rate_limits, std::string_view what, std::string_view rest) {
  if (what == "devices") {
    rate_limits.devices_max = number_of<std::uint32_t>(rest);
    return;
  }
  Rate& rate = what == "frames"        ? rate_limits.frames
               : what == "user_frames" ? rate_limits.user_frames
                                       : rate_limits.connects;
  rate.count = take_number<std::int64_t>(rest);
  rate.per_ms = take_number<std::int64_t>(rest);
  rate.burst = number_of<std::int64_t>(rest);
}

// `credential SECOND [END [WORD ...]]`: a word is `jti:ID`, the id of the token; `auth_time`, if
// the second is that of the sign-in; or the id of the session, with `sid:` in front or without.
void show_credential(Host& host, std::string_view rest) {
  Credential credential;
  credential.issued_at_s = take_number<std::int64_t>(rest);
  credential.expires_at = take_number<TimeMs>(rest);
  std::string session;
  std::string token;
  while (!rest.empty()) {
    const std::string_view word = take_word(rest);
    const std::string_view id = word.substr(word.find(':') + 1);
    if (word == "auth_time") {
      credential.is_sign_in_time = true;
    } else if (word.starts_with("jti:")) {
      token = bytes_of(id);
    } else {
      session = bytes_of(word.starts_with("sid:") ? id : word);
    }
  }
  const CredentialIds ids = {.session = session, .token = token};
  identify(credential, ids);
  host.names.add(credential, ids);
  host.credential = credential;
}

// Commands that change the world around the session; it is not told.
bool change_world(Host& host, std::string_view name, std::string_view rest) {
  if (name == "at") {
    host.now = number_of<TimeMs>(rest);
  } else if (name == "after") {
    host.now += number_of<TimeMs>(rest);
  } else if (name == "heartbeat") {
    host.sockets[take_number<ConnectionId>(rest)].heartbeat = host.now;
  } else if (name == "attached") {
    Host::Socket& socket = host.sockets[take_number<ConnectionId>(rest)];
    socket.attachment = bytes_of(rest);
  } else if (name == "appended") {
    Host::Socket& socket = host.sockets[take_number<ConnectionId>(rest)];
    socket.attachment += bytes_of(rest);
  } else if (name == "credential") {
    show_credential(host, rest);
  } else if (name == "allow") {
    allow(host.rate_limits, take_word(rest), rest);
  } else if (name == "not_before") {
    host.not_before_s = number_of<std::int64_t>(rest);
  } else if (name == "skew") {
    host.clock_skew_s = number_of<std::int64_t>(rest);
  } else if (name == "unchecked") {
    host.is_nobody_checked = true;
  } else if (name == "misfit") {
    host.misfit = bytes_of(rest);
  } else if (name == "measured") {
    host.is_measured = true;
  } else if (name == "stored") {
    host.stored = bytes_of(rest);
  } else if (name == "stored_logout") {
    host.stored_logout = bytes_of(rest);
  } else if (name == "legacy") {
    host.legacy.emplace().last_active = take_number<TimeMs>(rest);
    if (!rest.empty()) host.legacy->games = split(bytes_of(rest), ",");
  } else if (name == "save") {
    host.saved = host;
  } else {
    return false;
  }
  return true;
}

// `push2 KEEP PUSHID TO EXCEPT BODY`, each `-` for none and names separated by commas.
void push_with_options(Host& host, std::string_view rest) {
  const auto word = [&] {
    const std::string_view taken = take_word(rest);
    return taken == "-" ? std::string() : std::string(taken);
  };
  const std::string keep = word();
  const std::string push_id = word();
  const std::string to = word();
  const std::string except = word();
  const std::string text = bytes_of(rest);
  PushRequested event{.now = host.now, .payload = {.text = text, .size_bytes = text.size()}};
  event.keep_s = number_of<std::int64_t>(keep);
  event.push_id = push_id;
  event.misfit = host.misfit;
  const auto names = split(to, ","), others = split(except, ",");
  if (!to.empty()) event.audience.to.assign(names.begin(), names.end());
  if (!except.empty()) event.audience.except.assign(others.begin(), others.end());
  host.request(event);
}

// `logout2 SCOPE [ID [SECOND]]`, as whoever shows the credential; `-` for no id.
void log_out(Host& host, std::string_view rest) {
  const std::string_view scope = take_word(rest);
  const std::string_view word = take_word(rest);
  const std::string id = word == "-" ? std::string() : bytes_of(word);
  host.names.add(id);
  const auto scope_of = [](std::string_view name) {
    if (name == "others") return LogoutScope::kOthers;
    if (name == "device") return LogoutScope::kDevice;
    if (name == "credential") return LogoutScope::kCredential;
    return name == "issuer" ? LogoutScope::kIssuerSession : LogoutScope::kAll;
  };
  host.request(LogoutRequested{.now = host.now,
                               .scope = scope_of(scope),
                               .credential = host.credential,
                               .id = id,
                               .ended_at_s = number_of<std::int64_t>(rest)});
}

bool request(Host& host, std::string_view name, std::string_view rest) {
  const std::string text = bytes_of(rest);
  if (name == "clear") {
    host.request(ClearRequested{.now = host.now, .credential = host.credential});
  } else if (name == "push") {
    const bool is_copied = text.size() <= kFrameBytesMax;
    host.request(
        PushRequested{.now = host.now,
                      .payload = {.text = is_copied ? std::string_view(text) : std::string_view(),
                                  .size_bytes = text.size()},
                      .misfit = host.misfit});
  } else if (name == "join") {
    host.request(GameJoinRequested{.now = host.now, .game_id = text});
  } else if (name == "leave") {
    host.request(GameLeaveRequested{.now = host.now, .game_id = text});
  } else if (name == "metrics") {
    host.request(MetricsRequested{.now = host.now});
  } else if (name == "push2") {
    push_with_options(host, rest);
  } else if (name == "logout") {
    const auto scope = text.empty() ? LogoutScope::kAll : LogoutScope::kDevice;
    host.request(LogoutRequested{.now = host.now, .scope = scope, .credential = {}, .id = text});
  } else if (name == "logout2") {
    log_out(host, rest);
  } else if (name == "ticket") {
    host.request(TicketRequested{.now = host.now, .credential = host.credential});
  } else if (name == "devices") {
    host.request(DevicesRequested{.now = host.now});
  } else if (name == "export") {
    host.request(ExportRequested{.now = host.now, .credential = host.credential});
  } else if (name == "values") {
    host.request(ValuesRequested{.now = host.now, .credential = host.credential, .key = text});
  } else if (name == "change") {
    host.request(ValueChangeRequested{.now = host.now,
                                      .credential = host.credential,
                                      .payload = {.text = text, .size_bytes = text.size()},
                                      .misfit = host.misfit});
  } else if (name == "heartbeats") {
    host.read_heartbeats();
  } else if (name == "state") {
    host.request_state();
  } else {
    return false;
  }
  return true;
}

// Returns the place `EPOCH.SEQ`. The epoch is a number, or `^` for the newest that a frame has
// told, `^^` for the one before, and so on.
Position place_of(const Host& host, std::string_view text) {
  const std::vector<std::string> parts = split(text, ".");
  const std::string& epoch = parts.at(0);
  const bool is_told = epoch.starts_with('^');
  return {.epoch = is_told ? host.epochs.at(host.epochs.size() - epoch.size())
                           : number_of<std::int64_t>(epoch),
          .seq = number_of<std::int64_t>(parts.at(1))};
}

// `connect2 C DEVICE[/TAB] [run=RUN] [since=EPOCH.SEQ] [inbox=N]`
void connect_v2(Host& host, std::string_view rest) {
  const auto connection = take_number<ConnectionId>(rest);
  const std::vector<std::string> names = split(bytes_of(take_word(rest)), "/");
  std::string run;
  Host::V2 says;
  if (names.size() > 1) says.tab_id = names.at(1);
  while (!rest.empty()) {
    const std::string_view word = take_word(rest);
    const std::string_view value = word.substr(word.find('=') + 1);
    if (word.starts_with("run=")) says.run = run = bytes_of(value);
    if (word.starts_with("since=")) says.since = place_of(host, value);
    if (word.starts_with("inbox=")) says.inbox = number_of<std::int64_t>(value);
  }
  host.names.add(names.at(0));
  host.connect_v2(connection, names.at(0), says);
}

bool act(Host& host, std::string_view name, std::string_view rest) {
  if (name == "wake" || name == "sleep") {
    if (name == "wake") host.user_id = bytes_of(rest);
    host.wake();
  } else if (name == "lost") {
    host.sockets.erase(number_of<ConnectionId>(rest));
    host.is_any_lost = true;
    host.wake();
  } else if (name == "connect") {
    const auto connection = take_number<ConnectionId>(rest);
    const std::string device_id = bytes_of(rest);
    host.names.add(device_id);
    host.connect(connection, device_id);
  } else if (name == "connect2") {
    connect_v2(host, rest);
  } else if (name == "crash" || name == "restore") {
    if (name == "restore") static_cast<Storage&>(host) = host.saved;
    host.sockets.clear();
    host.wake();
  } else if (name == "frame") {
    const auto connection = take_number<ConnectionId>(rest);
    const std::string text = bytes_of(rest);
    host.receive(connection, true, text, text.size());
  } else if (name == "binary") {
    const auto connection = take_number<ConnectionId>(rest);
    host.receive(connection, false, {}, number_of<std::size_t>(rest));
  } else if (name == "disconnect") {
    host.disconnect(number_of<ConnectionId>(rest));
  } else {
    return request(host, name, rest);
  }
  return true;
}

std::string with_counter(std::string command, int count) {
  constexpr std::string_view kCounter = "<i>";
  std::size_t at = 0;
  while ((at = command.find(kCounter, at)) != std::string::npos) {
    command.replace(at, kCounter.size(), std::to_string(count));
  }
  return command;
}

// Runs commands many times and tells how many effects of each kind there were.
Lines run_times(Host& host, std::string_view rest) {
  const int times = take_number<int>(rest);
  const std::vector<std::string> commands = split(rest, " ; ");
  std::vector<std::pair<std::string, int>> counts;
  for (int i = 1; i <= times; ++i) {
    for (const std::string& command : commands) {
      for (const std::string& line : run_command(host, with_counter(command, i))) {
        const std::string kind = line.substr(0, line.find(' '));
        const auto known = std::find_if(counts.begin(), counts.end(),
                                        [&](const auto& count) { return count.first == kind; });
        if (known == counts.end()) {
          counts.emplace_back(kind, 1);
        } else {
          ++known->second;
        }
      }
    }
  }
  Lines lines;
  for (const auto& [kind, count] : counts) lines.push_back(std::to_string(count) + " x " + kind);
  return lines;
}

}  // namespace

std::vector<std::string> run_command(Host& host, std::string_view command) {
  std::string_view rest = command;
  const std::string_view name = take_word(rest);
  if (name == "times") return run_times(host, rest);
  if (change_world(host, name, rest)) return {};
  if (act(host, name, rest)) return effect_lines(host);
  return {"there is no command " + std::string(name)};
}

}  // namespace user_session
