// The consequences of each operation. model_checks.cpp compares them with what has happened.
#include "model.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "checks.h"
#include "format/snapshot.h"
#include "json/frame.h"
#include "limits.h"

namespace user_session {
namespace {

using Kind = Operation::Kind;
using Says = Operation::Says;

constexpr std::string_view kSuccess = R"(answer 200 {"success":true})";

std::string json_string(const std::string& text) { return nlohmann::json(text).dump(); }

}  // namespace

void Model::check(const Operation& operation, const Host& host,
                  const std::optional<std::string>& before) {
  expected_.clear();
  closings_.clear();
  answers_.clear();
  row_ = Row::kNone;
  is_erased_ = false;
  is_logout_stored_ = false;
  logout_report_.clear();
  stored_before_.reset();
  if (before) stored_before_ = decode_snapshot(*before)->last_active;
  if (operation.kind == Kind::kHeartbeat) {
    devices_.at(operation.connection).heartbeat = now_;
    return;
  }
  now_ = host.now;
  credential_ = host.credential;
  if (operation.kind == Kind::kAfter || operation.kind == Kind::kCredential) return;
  happen(operation);
  for (const auto* later : {&closings_, &answers_}) {
    expected_.insert(expected_.end(), later->begin(), later->end());
  }
  if (is_logout_stored_) stored_shown_at_s_ = shown_at_s_;
  check_effects(host.effects());
  check_sockets(host);
  check_stored(host);
}

// What an operation brings about

void Model::happen(const Operation& operation) {
  if (operation.kind == Kind::kSleep || operation.is_trapped) return sleep();
  end_expired();
  switch (operation.kind) {
    case Kind::kDisconnect:
      return disconnect(operation);
    case Kind::kConnect:
      return connect(operation);
    case Kind::kFrame:
    case Kind::kBinary:
      return frame(operation);
    case Kind::kState:
      return state();
    case Kind::kClear:
      return clear();
    case Kind::kPush:
      return push(operation);
    case Kind::kJoin:
      return join(operation);
    case Kind::kLeave:
      return leave(operation);
    case Kind::kLogout:
      answers_.push_back(logout_answer());
      return log_out();
    default:
      answers_.push_back(R"(answer 200 {"userId":"alice","since":)" + std::string(1, kAny));
  }
}

void Model::connect(const Operation& operation) {
  if (is_turned_away()) return;
  if (operation.name.size() > kDeviceIdBytesMax) return expect_refusal(400, "limit_reached");
  if (devices_.size() >= devices_max_) return expect_refusal(429, "limit_reached");
  if (devices_.empty()) presence_ = "online";
  // Whoever has left in the same step was not the last.
  row_ = Row::kNone;
  devices_[operation.connection] = {.id = operation.name, .credential = credential_};
  touch(now_);
  expect("accept" + to(operation.connection));
  expect("send" + to(operation.connection) + R"({"type":"initial_state",)" + state_members() +
         ",\"deviceId\":" + json_string(operation.name) + '}');
}

void Model::frame(const Operation& operation) {
  if (!devices_.contains(operation.connection)) return;
  touch(now_);
  if (operation.size > kFrameBytesBeforeClose) {
    remove(operation.connection);
    closings_.push_back("close" + to(operation.connection) + "1009 frame over 1 MiB");
    return;
  }
  if (!operation.error.empty()) return expect_error(operation.connection, operation.error);
  say(operation);
}

void Model::say(const Operation& operation) {
  const ConnectionId sender = operation.connection;
  switch (operation.says) {
    case Says::kJoin: {
      const std::string refusal = add_game(operation.name);
      if (!refusal.empty()) expect_error(sender, refusal);
      return;
    }
    case Says::kLeave:
      return remove_game(operation.name);
    case Says::kPresence:
      if (presence_ == operation.name) return;
      presence_ = operation.name;
      return expect(R"(send_to_all {"type":"presence_updated","presence":")" + presence_ + "\"}");
    case Says::kSync:
      return expect("send" + to(sender) + R"({"type":"state",)" + state_members() + '}');
    case Says::kPing:
      return expect("send" + to(sender) + R"({"type":"pong"})");
    case Says::kBroadcast:
      return expect(R"(send_to_all {"type":"event","event":)" + json_string(operation.name) +
                    ",\"data\":" + operation.data +
                    ",\"from\":" + json_string(devices_.at(sender).id) + '}');
    case Says::kLogout:
      return log_out();
    case Says::kNothing:
      return;
  }
}

void Model::disconnect(const Operation& operation) {
  const auto device = devices_.find(operation.connection);
  if (device == devices_.end()) return;
  touch(device->second.heartbeat);
  remove(operation.connection);
}

void Model::state() {
  if (is_turned_away()) return;
  for (const auto& [connection, device] : devices_) touch(device.heartbeat);
  answers_.push_back("answer 200 {" + state_members() +
                     ",\"connectedDevices\":" + std::to_string(devices_.size()) +
                     ",\"isHibernating\":" + (devices_.empty() ? "true}" : "false}"));
}

void Model::clear() {
  if (is_turned_away()) return;
  games_.clear();
  if (devices_.empty()) at_least_ = at_most_ = survives_ = 0;
  // Whoever has left in the same step leaves nothing behind.
  row_ = Row::kNone;
  is_erased_ = true;
  expect(R"(send_to_all {"type":"state",)" + state_members() + '}');
  answers_.emplace_back(kSuccess);
}

void Model::push(const Operation& operation) {
  if (operation.text.size() > kFrameBytesMax) return expect_refusal(413, "too_large");
  // Its members but for the type are the app's own.
  if (!is_json(operation.text) || operation.error == "invalid_json") {
    return expect_refusal(400, "invalid_json");
  }
  // Half of a surrogate pair is no reason to refuse it, but this parser does.
  std::string readable = operation.text;
  if (const auto half = readable.find("\\ud800"); half != std::string::npos) {
    readable.replace(half, 6, "\\ufffd");
  }
  const auto body = nlohmann::json::parse(readable);
  const bool has_type = body.contains("type") && body["type"].is_string();
  const std::string type = has_type ? body["type"].get<std::string>() : "";
  const auto& ours = kVersion1FrameTypes;
  if (!has_type || std::find(ours.begin(), ours.end(), type) != ours.end()) {
    return expect_refusal(400, "invalid_message");
  }
  expect("send_to_all " + operation.text);
  answers_.push_back("answer 200 {\"delivered\":" + std::to_string(devices_.size()) + '}');
}

void Model::join(const Operation& operation) {
  if (operation.name.empty()) return expect_refusal(400, "invalid_message");
  if (operation.name.size() > kNameBytesMax) return expect_refusal(400, "limit_reached");
  const std::string refusal = add_game(operation.name);
  if (!refusal.empty()) return expect_refusal(400, refusal);
  answers_.push_back("answer 200 {\"activeGames\":" + games_json() + '}');
}

void Model::leave(const Operation& operation) {
  if (operation.name.empty()) return expect_refusal(400, "invalid_message");
  if (operation.name.size() > kNameBytesMax) return expect_refusal(400, "limit_reached");
  remove_game(operation.name);
  answers_.push_back("answer 200 {\"activeGames\":" + games_json() + '}');
}

std::string Model::logout_answer() const {
  // A credential without ids is known by its second.
  std::set<std::int64_t> seconds;
  for (const auto& [connection, device] : devices_) {
    if (!device.credential.is_trusted()) seconds.insert(device.credential.issued_at_s);
  }
  return R"(answer 200 {"success":true,"ended":{"sockets":)" + std::to_string(devices_.size()) +
         ",\"credentials\":" + std::to_string(seconds.size()) + "}}";
}

void Model::log_out() {
  logout_at_s_ = std::max({logout_at_s_, now_ / kMsPerSecond, shown_at_s_});
  is_logout_stored_ = true;
  logout_report_ = R"({"scope":"all","at":)" + std::to_string(now_);
  if (logout_at_s_ > 0) logout_report_ += ",\"issuedUntil\":" + std::to_string(logout_at_s_);
  logout_report_ += R"(,"credentialIds":[]})";
  devices_.clear();
  presence_ = "offline";
  // Nothing that a logout ends is left to lag.
  row_ = Row::kMaybe;
  survives_ = at_least_;
  closings_.emplace_back("close_all 1000 Logged out from all devices");
}

void Model::sleep() {
  at_least_ = survives_ = std::max(survives_, at_least_ - (devices_.empty() ? 0 : 999));
  if (devices_.empty()) at_least_ = at_most_ = survives_ = stored_before_.value_or(0);
  // It knows the row and the devices that are there, and not what was shown by others before.
  shown_at_s_ = stored_shown_at_s_;
  for (const auto& [connection, device] : devices_) {
    touch(device.heartbeat);
    note_shown(device.credential);
  }
  end_expired();
}

// Parts of it

void Model::end_expired() {
  const auto devices = devices_;
  for (const auto& [connection, device] : devices) {
    const TimeMs expires_at = device.credential.expires_at;
    if (expires_at == 0 || expires_at > now_) continue;
    expect("expel" + to(connection) + "4401 the credential has expired");
    remove(connection);
  }
}

void Model::remove(ConnectionId connection) {
  devices_.erase(connection);
  if (!devices_.empty()) return;
  presence_ = "offline";
  const TimeMs stored = stored_before_.value_or(0);
  if (at_most_ - stored >= kLastActiveLagMs) row_ = Row::kMaybe;
  if (at_least_ - stored >= kLastActiveLagMs) row_ = Row::kMust;
}

void Model::note_shown(const Credential& credential) {
  if (credential.issued_at_s <= shown_at_s_) return;
  shown_at_s_ = credential.issued_at_s;
  if (shown_at_s_ > now_ / kMsPerSecond) is_logout_stored_ = true;
}

bool Model::is_turned_away() {
  if (credential_.is_trusted()) return false;
  const bool is_logged_out = logout_at_s_ > 0 && credential_.issued_at_s <= logout_at_s_;
  const bool is_expired = credential_.expires_at > 0 && credential_.expires_at <= now_;
  if (is_logged_out || is_expired) {
    expect_refusal(401, "unauthorized");
    return true;
  }
  note_shown(credential_);
  return false;
}

std::string Model::add_game(const std::string& game) {
  if (std::find(games_.begin(), games_.end(), game) != games_.end()) return "";
  if (games_.size() >= kActiveGamesMax) return "limit_reached";
  games_.push_back(game);
  row_ = Row::kMust;
  expect(R"(send_to_all {"type":"game_joined","gameId":)" + json_string(game) +
         ",\"activeGames\":" + games_json() + '}');
  return "";
}

void Model::remove_game(const std::string& game) {
  if (std::erase(games_, game) > 0) row_ = Row::kMust;
  expect(R"(send_to_all {"type":"game_left","gameId":)" + json_string(game) +
         ",\"activeGames\":" + games_json() + '}');
}

void Model::touch(TimeMs time) {
  at_least_ = std::max(at_least_, time);
  at_most_ = std::max(at_most_, time);
}

void Model::expect_error(ConnectionId connection, std::string_view code) {
  expect("send" + to(connection) + R"({"type":"error","code":")" + std::string(code) +
         R"(","message":")" + kAny);
}

void Model::expect_refusal(int status, std::string_view code) {
  answers_.push_back("answer " + std::to_string(status) + R"( {"error":{"code":")" +
                     std::string(code) + R"(","message":")" + kAny);
}

std::string Model::games_json() const { return nlohmann::json(games_).dump(); }
std::string Model::state_members() const {
  return R"("userId":"alice","activeGames":)" + games_json() + R"(,"presence":")" + presence_ +
         R"(","lastActive":)" + kTime;
}

}  // namespace user_session
