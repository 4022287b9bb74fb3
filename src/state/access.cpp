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

}  // namespace

void Access::restore(const Limits& limits, Logout logout) {
  limits_ = limits;
  logout_ = std::move(logout);
}

std::optional<Refusal> Access::check(const Credential& credential, TimeMs now) const {
  if (is_too_old(credential)) return kTooOld;
  if (is_ended(credential)) return kLoggedOut;
  const bool is_over = credential.expires_at > 0 && credential.expires_at <= now;
  if (is_over && !credential.is_trusted()) return kExpired;
  return std::nullopt;
}

bool Access::is_ended(const Credential& credential) const {
  if (credential.is_trusted()) return false;
  if (is_too_old(credential)) return true;
  const auto was_issued_until = [&](std::int64_t at_s) {
    return at_s > 0 && credential.issued_at_s <= at_s;
  };
  if (was_issued_until(logout_.at_s)) return true;
  if (was_issued_until(logout_.others_at_s) && !is_spared(credential)) return true;
  return std::any_of(logout_.ended.begin(), logout_.ended.end(),
                     [&](const EndedCredential& ended) { return credential.has_id(ended.id); });
}

bool Access::is_too_old(const Credential& credential) const {
  return !credential.is_trusted() && credential.issued_at_s < limits_.not_before_s;
}

bool Access::is_spared(const Credential& credential) const {
  return logout_.spared != kNoDigest && credential.has_id(logout_.spared);
}

void Access::note_shown(const Credential& credential, TimeMs now) {
  if (credential.issued_at_s <= logout_.shown_at_s) return;
  logout_.shown_at_s = credential.issued_at_s;
  if (credential.issued_at_s > now / kMsPerSecond) is_unstored_ = true;
}

bool Access::has_ended(const Digest& id) const {
  return std::any_of(logout_.ended.begin(), logout_.ended.end(),
                     [&](const EndedCredential& ended) { return ended.id == id; });
}

std::int64_t Access::newest(TimeMs now) const {
  return std::max(now / kMsPerSecond, logout_.shown_at_s);
}

std::int64_t Access::latest(TimeMs now) const {
  return std::max((now / kMsPerSecond) + limits_.clock_skew_s, logout_.shown_at_s);
}

std::int64_t Access::issued_until(const Credential& credential, TimeMs now) const {
  const bool can_be_renewed = credential.is_sign_in_known && !credential.is_sign_in_time;
  return can_be_renewed ? latest(now) : credential.issued_at_s;
}

void Access::end_until(std::int64_t at_s) {
  logout_.at_s = std::max(logout_.at_s, at_s);
  // The second is everybody's now, also that of the one who was spared.
  if (logout_.others_at_s <= logout_.at_s) {
    logout_.others_at_s = 0;
    logout_.spared = kNoDigest;
  }
  is_unstored_ = true;
}

void Access::end_others(const Digest& spared, TimeMs now) {
  // Whoever is spared now was ended by the last logout of others, unless it was spared then, too.
  if (spared != logout_.spared) end_until(logout_.others_at_s);
  logout_.others_at_s = std::max(logout_.others_at_s, newest(now));
  logout_.spared = spared;
  is_unstored_ = true;
}

bool Access::end(const Digest& id, std::int64_t issued_until_s) {
  std::vector<EndedCredential>& ended = logout_.ended;
  const auto known = std::find_if(ended.begin(), ended.end(),
                                  [&](const EndedCredential& other) { return other.id == id; });
  const bool is_new = known == ended.end();
  EndedCredential& credential = is_new ? ended.emplace_back() : *known;
  if (!is_new && credential.issued_until_s >= issued_until_s) return false;
  credential = {.id = id, .issued_until_s = issued_until_s};
  is_unstored_ = true;
  if (ended.size() > kEndedMax) {
    const auto lowest = std::min_element(ended.begin(), ended.end(),
                                         [](const EndedCredential& a, const EndedCredential& b) {
                                           return a.issued_until_s < b.issued_until_s;
                                         });
    end_until(lowest->issued_until_s);
    ended.erase(lowest);
  }
  return is_new;
}

TimeMs Access::take_frame(Connection& connection, TimeMs now) const {
  return connection.frames.take(limits_.rates.frames, now);
}

bool Access::take_patience(Connection& connection, TimeMs now) const {
  const Rate patience = {.count = limits_.rates.frames.count,
                         .per_ms = limits_.rates.frames.per_ms * kPatience,
                         .burst = limits_.rates.frames.burst};
  return connection.refusals.take(patience, now) == 0;
}

TimeMs Access::take_user_frame(Connection& connection, TimeMs now) {
  const TimeMs wait_ms = user_frames_.take(limits_.rates.user_frames, now);
  if (wait_ms == 0) return 0;
  return std::min(wait_ms, connection.reserve.take(share(), now));
}

// The reserves come on top of the shared rate, so when all connections use theirs, up to about
// twice the rate is let in.
Rate Access::share() const {
  const Rate& whole = limits_.rates.user_frames;
  const std::int64_t parts = limits_.rates.devices_max;
  return {.count = whole.count,
          .per_ms = whole.per_ms * parts,
          .burst = std::max<std::int64_t>(1, whole.burst / parts)};
}

void Access::charge_for_first_frames(std::int64_t bytes, TimeMs now) {
  const std::int64_t more = bytes / kSentBytesPerFrame;
  if (more > 0) connects_.charge(limits_.rates.connects, now, more);
}

void Access::charge_for_sent(Connection* sender, std::int64_t bytes, TimeMs now) {
  const std::int64_t more = bytes / kSentBytesPerFrame;
  if (more == 0) return;
  user_frames_.charge(limits_.rates.user_frames, now, more);
  if (sender == nullptr) return;
  sender->frames.charge(limits_.rates.frames, now, more);
  sender->reserve.charge(share(), now, more);
}

}  // namespace user_session
