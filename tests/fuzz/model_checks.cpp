// The comparison of what has happened with what the model expected. The expectations are in
// model.cpp.
#include <algorithm>
#include <charconv>

#include "checks.h"
#include "format/snapshot.h"
#include "limits.h"
#include "model.h"

namespace user_session {
namespace {

// Returns what a device or a server sees of an effect; empty if it sees nothing.
std::string visible(const Effect& effect, std::string_view text) {
  const std::string number = std::to_string(effect.number) + ' ';
  switch (effect.kind) {
    case EffectKind::kAccept:
      return "accept" + to(effect.connection);
    case EffectKind::kSend:
      return "send" + to(effect.connection) + std::string(text);
    case EffectKind::kSendToAll:
      return "send_to_all " + std::string(text);
    case EffectKind::kExpel:
      return "expel" + to(effect.connection) + number + std::string(text);
    case EffectKind::kClose:
      return "close" + to(effect.connection) + number + std::string(text);
    case EffectKind::kCloseAll:
      return "close_all " + number + std::string(text);
    case EffectKind::kAnswer:
      return "answer " + number + std::string(text);
    case EffectKind::kLog:
      return "log " + std::string(text);
    case EffectKind::kQuarantine:
      return "quarantine";
    case EffectKind::kQuarantineValue:
      return "quarantine_value";
    default:
      return "";
  }
}

}  // namespace

void Model::check_effects(const EffectList& effects) {
  require_sound(effects);
  std::vector<std::string> actual;
  bool is_row = false;
  bool is_logout = false;
  bool is_erasing = false;
  std::string report;
  for (const Effect& effect : effects.list()) {
    is_row |= effect.kind == EffectKind::kStore;
    is_logout |= effect.kind == EffectKind::kStoreLogout;
    is_erasing |= effect.kind == EffectKind::kErase;
    if (effect.kind == EffectKind::kLogOut) report = effects.text(effect);
    std::string line = visible(effect, effects.text(effect));
    if (!line.empty()) actual.push_back(std::move(line));
  }
  require(is_logout == is_logout_stored_, "the moment of a logout is stored with it");
  require(report == logout_report_, "the app is told of a logout", report);
  require(is_erasing == is_erased_, "a clear erases, and nothing else does");
  require(is_row || row_ != Row::kMust, "a row is written where it must be");
  require(!is_row || row_ != Row::kNone, "a row is written only where it may be");
  for (std::size_t i = 0; i < std::max(expected_.size(), actual.size()); ++i) {
    require(i < actual.size(), "nothing is missing",
            i < expected_.size() ? expected_[i] : std::string());
    require(i < expected_.size(), "nothing more happens", actual[i]);
    check_line(expected_[i], actual[i]);
  }
}

void Model::check_line(const std::string& expected, const std::string& actual) {
  const char* at = actual.data();
  const char* end = at + actual.size();
  for (const char c : expected) {
    if (c == kAny) return;
    if (c == kTime) {
      TimeMs told = 0;
      at = std::from_chars(at, end, told).ptr;
      learn(told);
    } else if (at == end || *at++ != c) {
      require(false, "what happens is what was expected", expected + "\n" + actual);
    }
  }
  require(at == end, "what happens is what was expected", actual);
}

void Model::learn(TimeMs told) {
  const std::string found = std::to_string(told);
  // While a device is connected the newest second may be left out.
  const TimeMs lag = devices_.empty() ? 0 : kAttachmentLagMs - 1;
  require(told >= std::max(survives_, at_least_ - lag),
          "lastActive is not too old, and does not go backwards", found);
  require(told <= at_most_, "lastActive is not too new", found);
  at_least_ = std::max(at_least_, told);
  at_most_ = std::max(at_least_, std::min(at_most_, told + lag));
  if (!devices_.empty()) survives_ = told;
}

void Model::check_sockets(const Host& host) const {
  require(host.sockets.size() == devices_.size(), "the open sockets are the devices");
  require(devices_.size() <= devices_max_, "there are no more devices than may be");
  for (const auto& [connection, device] : devices_) {
    require(host.sockets.contains(connection), "a device has its socket", device.id);
  }
}

void Model::check_stored(const Host& host) const {
  const auto stored = host.stored ? decode_snapshot(*host.stored) : Snapshot{};
  require(stored && stored->active_games == games_, "the games are stored, in their order");
  require(games_.size() <= kActiveGamesMax, "there are no more games than may be");
  require(stored->last_active <= at_most_, "no lastActive is stored that nobody has seen");
  const bool is_nobody_here = devices_.empty() && at_least_ > 0;
  require(!is_nobody_here || stored->last_active > at_least_ - kLastActiveLagMs,
          "without devices the stored lastActive lags by less than a minute");
  const auto logout = host.stored_logout ? decode_logout(*host.stored_logout) : Logout{};
  require(logout && logout->at_s == logout_at_s_, "the moment of the last logout is stored");
  require(logout->shown_at_s == stored_shown_at_s_, "what was shown from the future is stored");
}

}  // namespace user_session
