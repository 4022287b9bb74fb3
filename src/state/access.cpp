// The rules by which a credential is refused, and the arithmetic of the rate limits.
#include "state/access.h"

#include <algorithm>
#include <utility>

#include "limits.h"

namespace user_session {
namespace {

// Part of a rate by which it may be exceeded: a connection that sends less than a tenth more than
// its rate is refused frames, but is never closed.
constexpr std::int64_t kPatience = 10;

constexpr Refusal kLoggedOut = {ErrorCode::kUnauthorized,
                                "logged out: sign in again for a new credential"};
constexpr Refusal kTooOld = {
    ErrorCode::kUnauthorized,
    "issued before CREDENTIALS_NOT_BEFORE: sign in again for a new credential"};
constexpr Refusal kExpired = {ErrorCode::kUnauthorized, "the credential has expired: renew it"};

// Returns true if `ids` has `id`.
bool is_among(const std::vector<std::uint64_t>& ids, std::uint64_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

void Access::restore(const RateLimits& limits, Logout logout) {
  limits_ = limits;
  logout_ = std::move(logout);
}

std::optional<Refusal> Access::check(const Credential& credential, TimeMs now) const {
  if (is_too_old(credential)) return kTooOld;
  if (is_ended(credential)) return kLoggedOut;
  const bool can_expire = credential.issued_at_s != Credential::kTrusted;
  if (can_expire && credential.expires_at > 0 && credential.expires_at <= now) return kExpired;
  return std::nullopt;
}

bool Access::is_ended(const Credential& credential) const {
  if (credential.issued_at_s == Credential::kTrusted) return false;
  if (is_too_old(credential)) return true;
  const bool is_ended_alone = credential.id != 0 && is_among(logout_.credential_ids, credential.id);
  return is_ended_alone || (logout_.at_s > 0 && credential.issued_at_s <= logout_.at_s);
}

bool Access::is_too_old(const Credential& credential) const {
  return credential.issued_at_s != Credential::kTrusted && credential.issued_at_s < not_before_s_;
}

void Access::note_shown(const Credential& credential) {
  newest_issued_at_s_ = std::max(newest_issued_at_s_, credential.issued_at_s);
}

void Access::end_until(std::int64_t at_s) {
  logout_.at_s = std::max(logout_.at_s, at_s);
  is_unstored_ = true;
}

void Access::end_all(TimeMs now) {
  // Ids of revoked credentials stay, since one whose issuer's clock is ahead may be newer than this
  // logout. Beyond half of the room they go, so that there is room for later ones.
  if (logout_.credential_ids.size() > kRevokedMax / 2) logout_.credential_ids.clear();
  end_until(std::max(now / kMsPerSecond, newest_issued_at_s_));
}

bool Access::end(const std::vector<std::uint64_t>& credential_ids) {
  std::vector<std::uint64_t> ended = logout_.credential_ids;
  for (const std::uint64_t id : credential_ids) {
    if (id != 0 && !is_among(ended, id)) ended.push_back(id);
  }
  if (ended.size() > kRevokedMax) return false;
  if (ended.size() > logout_.credential_ids.size()) {
    logout_.credential_ids = std::move(ended);
    is_unstored_ = true;
  }
  return true;
}

TimeMs Access::take_frame(Connection& connection, TimeMs now) const {
  return connection.frames.take(limits_.frames, now);
}

bool Access::take_patience(Connection& connection, TimeMs now) const {
  const Rate patience = {.count = limits_.frames.count,
                         .per_ms = limits_.frames.per_ms * kPatience,
                         .burst = limits_.frames.burst};
  return connection.refusals.take(patience, now) == 0;
}

TimeMs Access::take_user_frame(Connection& connection, TimeMs now) {
  const TimeMs wait_ms = user_frames_.take(limits_.user_frames, now);
  if (wait_ms == 0) return 0;
  return std::min(wait_ms, connection.reserve.take(share(), now));
}

// The reserves come on top of the shared rate, so when all connections use theirs, up to about
// twice the rate is let in.
Rate Access::share() const {
  const Rate& whole = limits_.user_frames;
  const std::int64_t parts = limits_.devices_max;
  return {.count = whole.count,
          .per_ms = whole.per_ms * parts,
          .burst = std::max<std::int64_t>(1, whole.burst / parts)};
}

void Access::charge_for_sent(Connection* sender, std::int64_t bytes, TimeMs now) {
  const std::int64_t more = bytes / kSentBytesPerFrame;
  if (more == 0) return;
  user_frames_.charge(limits_.user_frames, now, more);
  if (sender == nullptr) return;
  sender->frames.charge(limits_.frames, now, more);
  sender->reserve.charge(share(), now, more);
}

}  // namespace user_session
