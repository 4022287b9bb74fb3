#include "host.h"

#include <algorithm>
#include <utility>

#include "check.h"
#include "json/frame.h"
#include "limits.h"
#include "scenario_text.h"

namespace user_session {
namespace {

// Return the header and the text in the row of a value.
std::size_t header_size(std::string_view row) {
  const auto byte = [&](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(row.at(at)));
  };
  return row.size() < 2 ? 0 : std::min(row.size() - 2, byte(0) | byte(1) << 8U);
}
std::string_view header_of(std::string_view row) {
  return row.substr(std::min<std::size_t>(row.size(), 2), header_size(row));
}
std::string_view text_of(std::string_view row) {
  return row.substr(std::min(row.size(), 2 + header_size(row)));
}

}  // namespace

void Host::wake() {
  Woken event;
  event.user_id = user_id;
  event.now = now;
  event.snapshot = stored;
  event.logout = stored_logout;
  event.inbox = stored_inbox;
  event.kept = stored_kept;
  for (const auto& [slot, bytes] : stored_messages) {
    event.messages.push_back({.slot = slot, .bytes = bytes});
  }
  for (const auto& [slot, bytes] : stored_values) {
    event.values.push_back({.slot = slot,
                            .header = header_of(bytes),
                            .text_size = static_cast<std::uint32_t>(text_of(bytes).size())});
  }
  if (legacy) {
    event.legacy = {.games = {legacy->games.begin(), legacy->games.end()},
                    .last_active = legacy->last_active};
  }
  for (const auto& [connection, socket] : sockets) {
    event.connections.push_back(
        {.connection = connection, .attachment = socket.attachment, .heartbeat = socket.heartbeat});
  }
  event.rate_limits = rate_limits;
  event.not_before_s = not_before_s;
  event.clock_skew_s = clock_skew_s;
  event.is_nobody_checked = is_nobody_checked;
  event.is_measured = is_measured;
  event.is_any_lost = std::exchange(is_any_lost, false);
  event.randomness = randomness++;
  session_ = Session{};
  step(event);
}

void Host::connect(ConnectionId connection, std::string_view device_id) {
  connect({.connection = connection, .now = now, .device_id = device_id, .credential = credential});
}

void Host::connect_v2(ConnectionId connection, std::string_view device_id, const V2& says) {
  connect({.connection = connection,
           .now = now,
           .device_id = device_id,
           .credential = credential,
           .version = ProtocolVersion::kVersion2,
           .tab_id = says.tab_id,
           .run = says.run,
           .since = says.since,
           .inbox = says.inbox});
}

void Host::connect(const Connected& event) {
  sockets[event.connection] = Socket{};
  step(event);
  const auto& list = effects_.list();
  const bool is_accepted = std::any_of(list.begin(), list.end(), [&](const Effect& effect) {
    return effect.kind == EffectKind::kAccept && effect.connection == event.connection;
  });
  if (!is_accepted) sockets.erase(event.connection);
}

void Host::receive(ConnectionId connection, bool is_text, std::string_view text, std::size_t size) {
  const bool is_copied = is_text && size <= kFrameBytesMax;
  step(FrameReceived{.connection = connection,
                     .now = now,
                     .is_text = is_text,
                     .payload = {.text = is_copied ? text : std::string_view(), .size_bytes = size},
                     .misfit = misfit});
}

void Host::disconnect(ConnectionId connection) {
  const auto socket = sockets.find(connection);
  const TimeMs heartbeat = socket == sockets.end() ? 0 : socket->second.heartbeat;
  step(Disconnected{.connection = connection, .now = now, .heartbeat = heartbeat});
  sockets.erase(connection);
}

void Host::request_state() {
  TimeMs newest = 0;
  for (const auto& [connection, socket] : sockets) newest = std::max(newest, socket.heartbeat);
  step(StateRequested{.now = now, .credential = credential, .heartbeat = newest});
}

void Host::read_heartbeats() {
  HeartbeatsRead event{.now = now, .heartbeats = {}};
  for (const auto& [connection, socket] : sockets) {
    event.heartbeats.push_back({.connection = connection, .at = socket.heartbeat});
  }
  step(event);
}

void Host::step(const Event& event) {
  open_before_step_.clear();
  for (const auto& [connection, socket] : sockets) open_before_step_.insert(connection);
  effects_.clear();
  session_.step(event, effects_);
  misfit.clear();
  for (const Effect& effect : effects_.list()) apply(effect);
  after_step();
}

void Host::apply(const Effect& effect) {
  switch (effect.kind) {
    case EffectKind::kQuarantine:
      stored.reset();
      return;
    case EffectKind::kErase:
      stored.reset();
      stored_inbox.reset();
      stored_kept.reset();
      stored_messages.clear();
      stored_values.clear();
      legacy.reset();
      return;
    case EffectKind::kStore:
      stored = effects_.text(effect);
      return;
    case EffectKind::kStoreInbox:
      stored_inbox = effects_.text(effect);
      stored_kept.reset();
      return;
    case EffectKind::kStoreMessage:
      stored_messages[effect.number] = effects_.text(effect);
      return;
    case EffectKind::kDeleteMessage:
      stored_messages.erase(effect.number);
      return;
    case EffectKind::kStoreValue:
      stored_values[effect.number] = effects_.text(effect);
      return;
    case EffectKind::kQuarantineValue:
      stored_values.erase(effect.number);
      return;
    case EffectKind::kStoreLogout:
      stored_logout = effects_.text(effect);
      return;
    case EffectKind::kSetAttachment:
      if (const auto socket = sockets.find(effect.connection); socket != sockets.end()) {
        socket->second.attachment = effects_.text(effect);
      }
      return;
    case EffectKind::kClose:
    case EffectKind::kExpel:
      sockets.erase(effect.connection);
      return;
    case EffectKind::kCloseAll:
      sockets.clear();
      return;
    case EffectKind::kSend:
    case EffectKind::kSendToAll:
      return note_epoch(effects_.text(effect));
    case EffectKind::kAccept:
    case EffectKind::kAnswer:
    case EffectKind::kLog:
    case EffectKind::kRecordMetrics:
    case EffectKind::kLogOut:
      return;
  }
}

std::string Host::text(const Effect& effect) const {
  std::string_view left = effects_.text(effect);
  if (effect.full_size == 0) return std::string(left);
  std::string whole;
  for (std::size_t at = left.find(kReferenceMark); at != std::string_view::npos;
       at = left.find(kReferenceMark)) {
    const auto slot = referred_slot(left.substr(at));
    whole += left.substr(0, slot ? at : at + 1);
    left.remove_prefix(slot ? at + kReferenceBytes : at + 1);
    if (!slot) continue;
    const auto row = stored_values.find(*slot);
    if (row != stored_values.end()) whole += text_of(row->second);
  }
  whole += left;
  USER_SESSION_CHECK(whole.size() == effect.full_size);
  return whole;
}

void Host::note_epoch(std::string_view frame) {
  constexpr std::string_view kMember = R"("epoch":)";
  const std::size_t at = frame.rfind(kMember);
  if (at == std::string_view::npos) return;
  const std::string_view digits = frame.substr(at + kMember.size());
  const auto epoch = number_of<std::int64_t>(digits.substr(0, digits.find_first_of(",}")));
  const bool is_new = std::find(epochs.begin(), epochs.end(), epoch) == epochs.end();
  if (is_new) epochs.push_back(epoch);
}

}  // namespace user_session
