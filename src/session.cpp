#include "session.h"

#include <algorithm>

#include "check.h"
#include "limits.h"

namespace user_session {
namespace {

constexpr std::string_view kSuccessAnswer = R"({"success":true})";
constexpr std::string_view kPongFrame = R"({"type":"pong"})";

constexpr Refusal kNotText = {ErrorCode::kInvalidJson, "binary frame: expected a text frame"};

// The time of an event that has one.
std::optional<TimeMs> time_of(const Event& event) {
  return std::visit(
      [](const auto& happened) -> std::optional<TimeMs> {
        if constexpr (requires { happened.now; }) {
          return happened.now;
        } else {
          return std::nullopt;
        }
      },
      event);
}

// Whether somebody asked for something by a request or a call.
bool is_request(const Event& event) {
  return !std::holds_alternative<Woken>(event) && !std::holds_alternative<Connected>(event) &&
         !std::holds_alternative<FrameReceived>(event) &&
         !std::holds_alternative<HeartbeatsRead>(event) &&
         !std::holds_alternative<Disconnected>(event);
}

}  // namespace

void Session::step(const Event& event, EffectList& effects) {
  open_before_ = open_count_;
  if (const auto time = time_of(event)) {
    now_ = *time;
    end_expired(effects);
  }
  std::visit([&](const auto& happened) { this->on(happened, effects); }, event);
  finish_step(event, effects);
}

void Session::finish_step(const Event& event, EffectList& effects) {
  const auto totals = effects.totals(open_count_);
  metrics_.add(Counter::kFramesSent, totals.frames_sent);
  metrics_.add(Counter::kBytesSent, totals.bytes_sent);
  if (is_request(event)) metrics_.add(Counter::kRequests);
  ConnectionId sender = kNoConnection;
  if (const auto* frame = std::get_if<FrameReceived>(&event)) {
    sender = frame->connection;
    metrics_.add(Counter::kBytesReceived, static_cast<std::int64_t>(frame->payload.size_bytes));
  }
  request_id_ = {};
  request_seq_.reset();
  is_credential_shared_ = false;
  const bool is_users_doing =
      sender != kNoConnection || std::holds_alternative<ClearRequested>(event);
  if (is_users_doing) charge_for_sent(sender, totals.bytes_sent);
  // Whoever counts on the count must have one.
  USER_SESSION_CHECK(v2_count_ == 0 || journal_.is_running());
  if (v2_count_ > 0) v2_seen_at_ = now_;
  commit(is_open(sender) ? sender : any_open_connection(), std::holds_alternative<Woken>(event),
         effects);
}

// Devices

void Session::on(const Connected& event, EffectList& effects) {
  if (const auto turned_away = turn_away(event)) {
    return answer_refusal(turned_away->status, turned_away->refusal, effects);
  }
  come_in(event, effects);
  if (event.version == ProtocolVersion::kVersion2) return resume(event, effects);
  write_initial_state(out_, initial_state_view(), event.device_id);
  effects.send(event.connection, out_);
}

void Session::come_in(const Connected& event, EffectList& effects) {
  const bool is_v2 = event.version == ProtocolVersion::kVersion2;
  const bool is_watched = is_v2 || v2_count_ > 0;
  const bool was_here = is_watched && is_here(event.device_id);
  const Presence presence = was_here ? device_view(event.device_id).presence : Presence::kOnline;
  const ConnectionId replaced = tab_to_replace(event);
  const Presence before = presence_;
  if (replaced != kNoConnection) replace_tab(replaced, effects);
  Connection& connection = open_connection(event.connection, event.device_id, event.version);
  // What was said of the user last stands, also if nobody was left for a moment.
  if (replaced != kNoConnection) presence_ = before;
  connection.tab_id = event.tab_id;
  connection.presence = presence;
  connection.connected_at = event.now;
  connection.seen_at = event.now;
  grant(connection, event.credential);
  touch(event.now);
  metrics_.add(Counter::kConnects);
  if (is_v2 && !journal_.is_running()) begin_count();
  if (is_v2) {
    remember_device(connection).last_active = event.now;
  }
  const bool has_watchers = v2_count_ > (is_v2 ? 1U : 0U);
  if (has_watchers && replaced == kNoConnection) {
    tell_device(event.device_id, !was_here, event.connection, effects);
  }
}

void Session::on(const Disconnected& event, EffectList& effects) {
  if (!is_open(event.connection)) return;
  touch(event.heartbeat);
  forget_connection(event.connection, effects);
}

Session::Connection& Session::open_connection(ConnectionId id, std::string_view device_id,
                                              ProtocolVersion version) {
  if (connections_.size() <= id) connections_.resize(id + 1);
  Connection& connection = connections_[id];
  USER_SESSION_CHECK(!connection.is_open);
  connection.is_open = true;
  connection.device_id = device_id;
  connection.version = version;
  if (open_count_++ == 0) presence_ = Presence::kOnline;
  if (version == ProtocolVersion::kVersion2) {
    ++v2_count_;
    idempotency_.opened(device_id);
  }
  return connection;
}

void Session::forget_connection(ConnectionId id, EffectList& effects) {
  remove_connection(id);
  after_removals(effects);
}

void Session::remove_connection(ConnectionId id) {
  const Connection& connection = connections_[id];
  const bool is_v2 = connection.version == ProtocolVersion::kVersion2;
  if (std::find(gone_.begin(), gone_.end(), connection.device_id) == gone_.end()) {
    gone_.push_back(connection.device_id);
  }
  // One that has been connected for long may have been forgotten.
  RememberedDevice* device =
      is_v2 ? &remember_device(connection) : remembered_.find(connection.device_id);
  if (device != nullptr) {
    device->last_active =
        std::max({device->last_active, connection.seen_at, connection.heartbeat_at});
  }
  if (is_v2) {
    --v2_count_;
    note_gone(connection.device_id);
    idempotency_.closed(connection.device_id, now_);
  }
  connections_[id] = Connection{};
  --open_count_;
}

void Session::expel(ConnectionId id, std::uint16_t code, std::string_view reason,
                    EffectList& effects) {
  remove_connection(id);
  effects.expel(id, code, reason);
}

void Session::after_removals(EffectList& effects) {
  if (open_count_ > 0) return tell_gone(effects);
  gone_.clear();
  nobody_is_here();
}

void Session::nobody_is_here() {
  presence_ = Presence::kOffline;
  carrier_ = kNoConnection;
  attached_last_active_ = 0;
}

// Frames

void Session::on(const FrameReceived& event, EffectList& effects) {
  if (!is_open(event.connection)) return;
  touch(event.now);
  TimeMs& seen_at = connections_[event.connection].seen_at;
  seen_at = std::max(seen_at, event.now);
  std::optional<std::variant<Message, Refusal>> parsed;
  // A request that comes too soon is told so by its id.
  if (connections_[event.connection].version == ProtocolVersion::kVersion2) parsed = read(event);
  if (!take_frame(event.connection, effects)) return;
  if (event.payload.size_bytes > kFrameBytesBeforeClose) {
    forget_connection(event.connection, effects);
    effects.close(event.connection, kTooBigCode, "frame over 1 MiB");
    return;
  }
  if (!parsed) parsed = read(event);
  const auto* message = std::get_if<Message>(&*parsed);
  // Whoever floods the user's connections must not keep the user from ending them.
  const bool is_logout = message != nullptr && std::holds_alternative<LogoutAll>(*message);
  if (!is_logout && !take_user_frame(event.connection, effects)) return;
  if (message == nullptr) {
    return refuse(event.connection, *std::get_if<Refusal>(&*parsed), effects);
  }
  perform(*message, event.connection, effects);
}

void Session::perform(const Message& message, ConnectionId sender, EffectList& effects) {
  if (!request_id_.empty()) {
    const std::string& device_id = connections_[sender].device_id;
    if (const DoneRequest* done = idempotency_.find(device_id, request_id_, now_)) {
      request_seq_ = done->seq;
      is_credential_shared_ = done->is_credential_shared;
      return acknowledge(sender, effects);
    }
  }
  const auto counter = std::visit([](const auto& known) { return known.kCounter; }, message);
  if (counter) metrics_.add(*counter);
  const auto refusal =
      std::visit([&](const auto& known) { return this->handle(known, sender, effects); }, message);
  if (refusal) return refuse(sender, *refusal, effects);
  acknowledge(sender, effects);
}

void Session::acknowledge(ConnectionId sender, EffectList& effects) {
  if (request_id_.empty()) return;
  write_ack(out_, request_id_, request_seq_.value_or(journal_.head().seq));
  if (is_credential_shared_) mark_shared(out_);
  effects.send(sender, out_);
  request_id_ = {};
}

std::variant<Message, Refusal> Session::read(const FrameReceived& event) {
  if (!event.is_text) return kNotText;
  if (event.payload.size_bytes > kFrameBytesMax) return kTooLarge;
  const ProtocolVersion version = connections_[event.connection].version;
  auto parsed = parser_.parse_frame(event.payload.text, version);
  if (version == ProtocolVersion::kVersion1) return parsed;
  const auto id = parser_.request_id();
  if (const auto* refusal = std::get_if<Refusal>(&id)) return *refusal;
  request_id_ = *std::get_if<std::string_view>(&id);
  return parsed;
}

std::optional<Refusal> Session::handle(const UpdatePresence& message, ConnectionId sender,
                                       EffectList& effects) {
  const bool is_news = message.presence != presence_;
  presence_ = message.presence;
  if (is_news) count_state();
  note_done(sender);
  if (is_news) {
    write_presence_updated(out_, presence_);
    send_to_all(out_, effects);
  }
  update_device_presence(sender, effects);
  return std::nullopt;
}

std::optional<Refusal> Session::handle(const SyncState& /*message*/, ConnectionId sender,
                                       EffectList& effects) {
  write_state(out_, state_view());
  effects.send(sender, out_);
  return std::nullopt;
}

std::optional<Refusal> Session::handle(const Ping& /*message*/, ConnectionId sender,
                                       EffectList& effects) {
  effects.send(sender, kPongFrame);
  return std::nullopt;
}

void Session::refuse(ConnectionId sender, const Refusal& refusal, EffectList& effects) {
  metrics_.add(Counter::kRefused);
  write_error(out_, refusal);
  if (!request_id_.empty()) add_id(out_, request_id_);
  effects.send(sender, out_);
}

// Requests of servers

void Session::on(const StateRequested& event, EffectList& effects) {
  if (const auto turned_away = turn_away(event.credential)) {
    return answer_refusal(turned_away->status, turned_away->refusal, effects);
  }
  touch(event.heartbeat);
  write_state_answer(out_, state_view(), open_count_);
  effects.answer(kStatusOk, out_);
}

void Session::on(const ClearRequested& event, EffectList& effects) {
  if (const auto turned_away = turn_away(event.credential)) {
    return answer_refusal(turned_away->status, turned_away->refusal, effects);
  }
  // The row had a newer `lastActive` than any attachment, and it may have been told.
  if (stored_.last_active > attached_last_active_) carrier_ = kNoConnection;
  stored_ = Snapshot{};
  remembered_.forget();
  kept_.forget();
  idempotency_.forget(now_);
  write_games(games_json_, stored_.active_games);
  // While devices are connected theirs is what was last done; without one the user was never here.
  if (open_count_ == 0) last_active_ = 0;
  effects.erase();
  write_state(out_, state_view());
  if (journal_.head().epoch != 0) {
    forget_count(out_, effects);
  } else {
    effects.send_to_all(out_);
  }
  effects.answer(kStatusOk, kSuccessAnswer);
}

void Session::on(const MetricsRequested& /*event*/, EffectList& effects) {
  write_metrics_answer(out_, user_id_, counted_since_, metrics_);
  effects.answer(kStatusOk, out_);
}

void Session::answer_refusal(std::uint16_t status, const Refusal& refusal, EffectList& effects) {
  write_error_answer(out_, refusal);
  effects.answer(status, out_);
}

// What is known

void Session::touch(TimeMs time) { last_active_ = std::max(last_active_, time); }

bool Session::is_open(ConnectionId connection) const {
  return connection < connections_.size() && connections_[connection].is_open;
}

ConnectionId Session::any_open_connection() const {
  const auto open = std::find_if(connections_.begin(), connections_.end(),
                                 [](const Connection& connection) { return connection.is_open; });
  if (open == connections_.end()) return kNoConnection;
  return static_cast<ConnectionId>(open - connections_.begin());
}

StateView Session::state_view() const {
  return {.user_id = user_id_,
          .games_json = games_json_,
          .presence = presence_,
          .last_active = told_last_active()};
}

StateView Session::initial_state_view() const {
  StateView view = state_view();
  view.last_active = last_active_;
  return view;
}

}  // namespace user_session
