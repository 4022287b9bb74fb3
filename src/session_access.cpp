// Who may come in, for how long, and how much of it: credentials and limits.
#include <algorithm>

#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

// Whoever goes over their rate by less than this part of it is told so, but never closed.
constexpr std::int64_t kPatience = 10;

constexpr Refusal kDeviceIdTooLong = {ErrorCode::kLimitReached,
                                      "deviceId is too long: expected at most 1024 bytes of UTF-8"};
static_assert(kDeviceIdBytesMax == 1'024, "the refusal names the limit");
constexpr Refusal kV2DeviceIdTooLong = {
    ErrorCode::kLimitReached, "deviceId is too long: expected at most 128 bytes of UTF-8"};
constexpr Refusal kTabIdTooLong = {ErrorCode::kLimitReached,
                                   "tabId is too long: expected at most 128 bytes of UTF-8"};
static_assert(kV2DeviceIdBytesMax == 128, "the refusals name the limit");

// Why a device can't be called so.
std::optional<Refusal> check_names(const Connected& event) {
  const bool is_v2 = event.version == ProtocolVersion::kVersion2;
  if (!is_v2 && event.device_id.size() > kDeviceIdBytesMax) return kDeviceIdTooLong;
  if (is_v2 && event.device_id.size() > kV2DeviceIdBytesMax) return kV2DeviceIdTooLong;
  if (event.tab_id.size() > kV2DeviceIdBytesMax) return kTabIdTooLong;
  return std::nullopt;
}

constexpr Refusal kLoggedOut = {ErrorCode::kUnauthorized,
                                "logged out: sign in again for a new credential"};
constexpr Refusal kExpired = {ErrorCode::kUnauthorized, "the credential has expired: renew it"};

constexpr Refusal kTooManyDevices = {ErrorCode::kLimitReached,
                                     "too many devices are connected: close some first"};
constexpr Refusal kTooManyConnects = {ErrorCode::kRateLimited,
                                      "too many connections in a short time: wait and try again"};

constexpr Refusal kTooManyRequests = {ErrorCode::kRateLimited,
                                      "too many requests in a short time: wait and try again"};

}  // namespace

std::optional<Session::TurnedAway> Session::turn_away(const Connected& event) {
  if (const auto refusal = check_credential(event.credential)) {
    return TurnedAway{kStatusUnauthorized, *refusal};
  }
  if (const auto refusal = check_names(event)) return TurnedAway{kStatusBadRequest, *refusal};
  if (open_count_ >= rate_limits_.devices_max && tab_to_replace(event) == kNoConnection) {
    return TurnedAway{kStatusTooMany, kTooManyDevices};
  }
  if (connects_.take(rate_limits_.connects, event.now) > 0) {
    return TurnedAway{kStatusTooMany, kTooManyConnects};
  }
  return std::nullopt;
}

std::optional<Session::TurnedAway> Session::turn_away(const Credential& credential) {
  if (const auto refusal = check_credential(credential)) {
    return TurnedAway{kStatusUnauthorized, *refusal};
  }
  const bool is_limited = credential.issued_at_s != Credential::kTrusted;
  if (is_limited && user_frames_.take(rate_limits_.user_frames, now_) > 0) {
    return TurnedAway{kStatusTooMany, kTooManyRequests};
  }
  return std::nullopt;
}

std::optional<Refusal> Session::check_credential(const Credential& credential) {
  if (credential.issued_at_s == Credential::kTrusted) return std::nullopt;
  if (is_ended_by_logout(credential)) return kLoggedOut;
  if (credential.expires_at > 0 && credential.expires_at <= now_) return kExpired;
  newest_issued_at_s_ = std::max(newest_issued_at_s_, credential.issued_at_s);
  return std::nullopt;
}

bool Session::is_ended_by_logout(const Credential& credential) const {
  const bool is_reachable = credential.issued_at_s != Credential::kTrusted;
  if (!is_reachable) return false;
  const auto& ended = logout_.credential_ids;
  const bool is_ended_alone =
      credential.id != 0 && std::find(ended.begin(), ended.end(), credential.id) != ended.end();
  return is_ended_alone || (logout_.at_s > 0 && credential.issued_at_s <= logout_.at_s);
}

void Session::grant(Connection& connection, const Credential& credential) {
  connection.credential = credential;
  newest_issued_at_s_ = std::max(newest_issued_at_s_, credential.issued_at_s);
  if (credential.expires_at > 0) next_expiry_ = std::min(next_expiry_, credential.expires_at);
}

void Session::end_expired(EffectList& effects) {
  if (now_ < next_expiry_) return;
  next_expiry_ = kNever;
  const std::size_t open_before = open_count_;
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    const TimeMs expires_at = connections_[id].credential.expires_at;
    if (!connections_[id].is_open || expires_at == 0) continue;
    if (expires_at > now_) {
      next_expiry_ = std::min(next_expiry_, expires_at);
      continue;
    }
    expel(id, kCredentialEndedCode, "the credential has expired", effects);
  }
  if (open_count_ < open_before) after_removals(effects);
}

bool Session::take_frame(ConnectionId sender, EffectList& effects) {
  Connection& connection = connections_[sender];
  const TimeMs wait_ms = connection.frames.take(rate_limits_.frames, now_);
  if (wait_ms == 0) return true;
  const Rate patience = {.count = rate_limits_.frames.count,
                         .per_ms = rate_limits_.frames.per_ms * kPatience,
                         .burst = rate_limits_.frames.burst};
  if (connection.refusals.take(patience, now_) > 0) {
    forget_connection(sender, effects);
    effects.close(sender, kFloodCode, "too many frames");
  } else {
    refuse_frame(sender, wait_ms, effects);
  }
  return false;
}

bool Session::take_user_frame(ConnectionId sender, EffectList& effects) {
  const TimeMs wait_ms = user_frames_.take(rate_limits_.user_frames, now_);
  if (wait_ms == 0) return true;
  const TimeMs part_wait_ms = connections_[sender].reserve.take(share(), now_);
  if (part_wait_ms == 0) return true;
  refuse_frame(sender, std::min(wait_ms, part_wait_ms), effects);
  return false;
}

// So much is left for each when all use it at once, and only then is more than the whole let in.
Rate Session::share() const {
  const Rate& whole = rate_limits_.user_frames;
  const std::int64_t parts = rate_limits_.devices_max;
  return {.count = whole.count,
          .per_ms = whole.per_ms * parts,
          .burst = std::max<std::int64_t>(1, whole.burst / parts)};
}

void Session::charge_for_sent(ConnectionId sender, std::int64_t bytes_sent) {
  const std::int64_t more = bytes_sent / kSentBytesPerFrame;
  if (more == 0) return;
  user_frames_.charge(rate_limits_.user_frames, now_, more);
  if (!is_open(sender)) return;
  connections_[sender].frames.charge(rate_limits_.frames, now_, more);
  connections_[sender].reserve.charge(share(), now_, more);
}

void Session::refuse_frame(ConnectionId sender, TimeMs wait_ms, EffectList& effects) {
  metrics_.add(Counter::kRefused);
  write_rate_limited(out_, wait_ms);
  if (!request_id_.empty()) add_id(out_, request_id_);
  effects.send(sender, out_);
}

}  // namespace user_session
