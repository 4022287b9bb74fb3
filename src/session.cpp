#include "session.h"

#include <algorithm>

#include "check.h"
#include "limits.h"

namespace user_session {
namespace {

constexpr std::uint16_t kTooBigCode = 1009;

constexpr std::uint16_t kStatusOk = 200;
constexpr std::uint16_t kStatusBadRequest = 400;
constexpr std::uint16_t kStatusTooLarge = 413;

constexpr std::string_view kSuccessAnswer = R"({"success":true})";
constexpr std::string_view kPongFrame = R"({"type":"pong"})";

constexpr Refusal kTooLarge = {ErrorCode::kTooLarge,
                               "too large: expected at most 65536 bytes of UTF-8"};
static_assert(kFrameBytesMax == 65536, "the refusal names the limit");

constexpr Refusal kNotText = {ErrorCode::kInvalidJson, "binary frame: expected a text frame"};

constexpr Refusal kTooManyGames = {ErrorCode::kLimitReached,
                                   "activeGames is full: expected at most 256 games"};
static_assert(kActiveGamesMax == 256, "the refusal names the limit");

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

// Of a frame that is done.
Counter counter_of(const Message& message) {
  static_assert(static_cast<int>(Counter::kBroadcast) - static_cast<int>(Counter::kJoinGame) + 1 ==
                std::variant_size_v<Message>);
  return static_cast<Counter>(static_cast<std::size_t>(Counter::kJoinGame) + message.index());
}

// Whether somebody asked for something by a request or a call.
bool is_request(const Event& event) {
  return !std::holds_alternative<Woken>(event) && !std::holds_alternative<Connected>(event) &&
         !std::holds_alternative<FrameReceived>(event) &&
         !std::holds_alternative<Disconnected>(event);
}

}  // namespace

void Session::step(const Event& event, EffectList& effects) {
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
  metrics_.add(Counter::kRowsWritten, totals.rows_written);
  if (is_request(event)) metrics_.add(Counter::kRequests);
  ConnectionId sender = kNoConnection;
  if (const auto* frame = std::get_if<FrameReceived>(&event)) {
    sender = frame->connection;
    metrics_.add(Counter::kBytesReceived, static_cast<std::int64_t>(frame->payload.size_bytes));
  }
  const bool is_users_doing =
      sender != kNoConnection || std::holds_alternative<ClearRequested>(event);
  if (is_users_doing) charge_for_sent(sender, totals.bytes_sent);
  if (!std::holds_alternative<Woken>(event)) {
    attach_if_stale(is_open(sender) ? sender : any_open_connection(), effects);
  }
}

// Devices

void Session::on(const Connected& event, EffectList& effects) {
  if (const auto turned_away = turn_away(event)) {
    return answer_refusal(turned_away->status, turned_away->refusal, effects);
  }
  Connection& connection = open_connection(event.connection);
  connection.device_id = event.device_id;
  grant(connection, event.credential);
  touch(event.now);
  metrics_.add(Counter::kConnects);
  attach(event.connection, effects);
  write_initial_state(out_, state_view(), event.device_id);
  effects.send(event.connection, out_);
}

void Session::on(const Disconnected& event, EffectList& effects) {
  if (!is_open(event.connection)) return;
  touch(event.heartbeat);
  forget_connection(event.connection, effects);
}

Session::Connection& Session::open_connection(ConnectionId id) {
  if (connections_.size() <= id) connections_.resize(id + 1);
  Connection& connection = connections_[id];
  USER_SESSION_CHECK(!connection.is_open);
  connection.is_open = true;
  if (open_count_++ == 0) presence_ = Presence::kOnline;
  return connection;
}

void Session::forget_connection(ConnectionId id, EffectList& effects) {
  remove_connection(id);
  after_removals(effects);
}

void Session::remove_connection(ConnectionId id) {
  connections_[id] = Connection{};
  --open_count_;
}

void Session::after_removals(EffectList& effects) {
  if (open_count_ == 0) {
    last_device_left(effects);
  } else if (!is_open(carrier_)) {
    attach(any_open_connection(), effects);
  }
}

void Session::nobody_is_here() {
  presence_ = Presence::kOffline;
  carrier_ = kNoConnection;
  attached_last_active_ = 0;
}

void Session::last_device_left(EffectList& effects) {
  measure(effects);
  nobody_is_here();
  if (last_active_ - stored_.last_active >= kLastActiveLagMs) store(effects);
}

// Frames

void Session::on(const FrameReceived& event, EffectList& effects) {
  if (!is_open(event.connection)) return;
  touch(event.now);
  if (!take_frame(event.connection, effects)) return;
  if (event.payload.size_bytes > kFrameBytesBeforeClose) {
    forget_connection(event.connection, effects);
    effects.close(event.connection, kTooBigCode, "frame over 1 MiB");
    return;
  }
  const auto parsed = read(event);
  const auto* message = std::get_if<Message>(&parsed);
  // Whoever floods the user's connections must not keep the user from ending them.
  const bool is_logout = message != nullptr && std::holds_alternative<LogoutAll>(*message);
  if (!is_logout && !take_user_frame(event.connection, effects)) return;
  if (message == nullptr) {
    return refuse(event.connection, *std::get_if<Refusal>(&parsed), effects);
  }
  metrics_.add(counter_of(*message));
  std::visit([&](const auto& known) { this->handle(known, event.connection, effects); }, *message);
}

std::variant<Message, Refusal> Session::read(const FrameReceived& event) {
  if (!event.is_text) return kNotText;
  if (event.payload.size_bytes > kFrameBytesMax) return kTooLarge;
  return parser_.parse_frame(event.payload.text);
}

void Session::handle(const JoinGame& message, ConnectionId sender, EffectList& effects) {
  if (const auto refusal = join_game(message.game_id, effects)) refuse(sender, *refusal, effects);
}

void Session::handle(const LeaveGame& message, ConnectionId /*sender*/, EffectList& effects) {
  leave_game(message.game_id, effects);
}

void Session::handle(const UpdatePresence& message, ConnectionId sender, EffectList& effects) {
  if (message.presence == presence_) return;
  presence_ = message.presence;
  attach(sender, effects);
  write_presence_updated(out_, presence_);
  effects.send_to_all(out_);
}

void Session::handle(const SyncState& /*message*/, ConnectionId sender, EffectList& effects) {
  attach_before_telling(sender, effects);
  write_state(out_, state_view());
  effects.send(sender, out_);
}

void Session::handle(const Ping& /*message*/, ConnectionId sender, EffectList& effects) {
  effects.send(sender, kPongFrame);
}

void Session::handle(const LogoutAll& /*message*/, ConnectionId /*sender*/, EffectList& effects) {
  logout_all(effects);
}

void Session::handle(const Broadcast& message, ConnectionId sender, EffectList& effects) {
  write_event(out_, message.event, message.data, connections_[sender].device_id);
  effects.send_to_all(out_);
}

void Session::refuse(ConnectionId sender, const Refusal& refusal, EffectList& effects) {
  metrics_.add(Counter::kRefused);
  write_error(out_, refusal);
  effects.send(sender, out_);
}

// Requests of servers

void Session::on(const StateRequested& event, EffectList& effects) {
  if (const auto turned_away = turn_away(event.credential)) {
    return answer_refusal(turned_away->status, turned_away->refusal, effects);
  }
  touch(event.heartbeat);
  attach_before_telling(any_open_connection(), effects);
  write_state_answer(out_, state_view(), open_count_);
  effects.answer(kStatusOk, out_);
}

void Session::on(const ClearRequested& event, EffectList& effects) {
  if (const auto turned_away = turn_away(event.credential)) {
    return answer_refusal(turned_away->status, turned_away->refusal, effects);
  }
  stored_ = Snapshot{};
  write_games();
  // While devices are connected theirs is what was last done; without one the user was never here.
  if (open_count_ == 0) last_active_ = 0;
  effects.erase();
  attach_before_telling(any_open_connection(), effects);
  write_state(out_, state_view());
  effects.send_to_all(out_);
  effects.answer(kStatusOk, kSuccessAnswer);
}

void Session::on(const PushRequested& event, EffectList& effects) {
  if (event.payload.size_bytes > kFrameBytesMax) {
    return answer_refusal(kStatusTooLarge, kTooLarge, effects);
  }
  if (const auto refusal = parser_.check_push(event.payload.text)) {
    return answer_refusal(kStatusBadRequest, *refusal, effects);
  }
  effects.send_to_all(event.payload.text);
  write_delivered_answer(out_, open_count_);
  effects.answer(kStatusOk, out_);
}

void Session::on(const GameJoinRequested& event, EffectList& effects) {
  auto refusal = check_game_id(event.game_id);
  if (!refusal) refusal = join_game(event.game_id, effects);
  if (refusal) return answer_refusal(kStatusBadRequest, *refusal, effects);
  write_games_answer(out_, games_json_);
  effects.answer(kStatusOk, out_);
}

void Session::on(const GameLeaveRequested& event, EffectList& effects) {
  if (const auto refusal = check_game_id(event.game_id)) {
    return answer_refusal(kStatusBadRequest, *refusal, effects);
  }
  leave_game(event.game_id, effects);
  write_games_answer(out_, games_json_);
  effects.answer(kStatusOk, out_);
}

void Session::on(const MetricsRequested& /*event*/, EffectList& effects) {
  write_metrics_answer(out_, user_id_, counted_since_, metrics_);
  effects.answer(kStatusOk, out_);
}

void Session::on(const LogoutRequested& /*event*/, EffectList& effects) {
  logout_all(effects);
  effects.answer(kStatusOk, kSuccessAnswer);
}

void Session::answer_refusal(std::uint16_t status, const Refusal& refusal, EffectList& effects) {
  write_error_answer(out_, refusal);
  effects.answer(status, out_);
}

// Games

std::optional<Refusal> Session::join_game(std::string_view game_id, EffectList& effects) {
  if (is_active(game_id)) return std::nullopt;
  if (stored_.active_games.size() >= kActiveGamesMax) return kTooManyGames;
  stored_.active_games.emplace_back(game_id);
  write_games();
  store(effects);
  write_game_joined(out_, game_id, games_json_);
  effects.send_to_all(out_);
  return std::nullopt;
}

void Session::leave_game(std::string_view game_id, EffectList& effects) {
  if (std::erase(stored_.active_games, game_id) > 0) {
    write_games();
    store(effects);
  }
  write_game_left(out_, game_id, games_json_);
  effects.send_to_all(out_);
}

bool Session::is_active(std::string_view game_id) const {
  const auto& games = stored_.active_games;
  return std::find(games.begin(), games.end(), game_id) != games.end();
}

void Session::write_games() {
  games_json_ = '[';
  for (const std::string& game : stored_.active_games) {
    if (games_json_.size() > 1) games_json_ += ',';
    append_json_string(games_json_, game);
  }
  games_json_ += ']';
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
          .last_active = last_active_};
}

}  // namespace user_session
