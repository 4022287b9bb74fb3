// Who is let in and how much they may ask for: the credentials that logouts have revoked or that
// the owner no longer accepts, and the rate limits. Who is connected does not belong here
// (connections.h), nor what a refused device is told (handlers/admission.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "event.h"
#include "format/snapshot.h"
#include "json/message.h"
#include "state/connections.h"
#include "state/token_bucket.h"

namespace user_session {

// The access rights of one user. A rate limit with `count` 0 always has a token.
class Access {
 public:
  // Sets the rate limits, and what the logout row says.
  void restore(const RateLimits& limits, Logout logout);
  // Refuses what was issued before the second `at_s`, for as long as this instance lives.
  void refuse_before(std::int64_t at_s) { not_before_s_ = at_s; }

  // Returns why a credential is refused at `now`, because of a logout, its age or its expiry;
  // nullopt if it is valid.
  [[nodiscard]] std::optional<Refusal> check(const Credential& credential, TimeMs now) const;
  // Returns true if a logout has revoked the credential, by its id or by when it was issued, or if
  // the owner no longer accepts one that old. Its expiry does not matter here.
  [[nodiscard]] bool is_ended(const Credential& credential) const;
  // Remembers when a valid credential was issued, if it is the newest that this instance has seen.
  // A logout of all devices then reaches it even if its issuer's clock is ahead of ours.
  void note_shown(const Credential& credential);

  // Refuses from now on what was issued in the second `at_s` or before. The second never moves
  // back, since a clock that was set back must not open the door again.
  void end_until(std::int64_t at_s);
  // Refuses from now on what was issued until the end of the second of `now`, or until the second
  // that `note_shown` remembers if that is later.
  void end_all(TimeMs now);
  // Revokes the credentials with these ids, for good. An id of 0, a credential without id, is
  // ignored. Returns false and revokes none if more than kRevokedMax (limits.h) would be revoked.
  [[nodiscard]] bool end(const std::vector<std::uint64_t>& credential_ids);

  // Each function that returns a time takes a token from a rate limit at `now` and returns 0, or
  // returns the milliseconds until there will be a token.
  TimeMs take_connect(TimeMs now) { return connects_.take(limits_.connects, now); }
  TimeMs take_frame(Connection& connection, TimeMs now) const;
  // Takes from the rate that the user's connections share or, when that is used up, from the
  // reserve that each connection has so that the others cannot silence it.
  TimeMs take_user_frame(Connection& connection, TimeMs now);
  // Takes from the same shared rate for a request that comes from no connection.
  TimeMs take_request(TimeMs now) { return user_frames_.take(limits_.user_frames, now); }
  // Takes one of the `rate_limited` refusals that a connection may get before it is closed; they
  // come back with time. Returns false if there is none left.
  bool take_patience(Connection& connection, TimeMs now) const;
  // Takes tokens for a frame or request that made the server send `bytes` bytes: one for each
  // kSentBytesPerFrame (limits.h), from the user's shared rate and from that of `sender`, which may
  // be nullptr.
  void charge_for_sent(Connection* sender, std::int64_t bytes, TimeMs now);

  // Number of connections that the user may have open.
  [[nodiscard]] std::size_t devices_max() const { return limits_.devices_max; }
  [[nodiscard]] const Logout& logout() const { return logout_; }
  // True if a logout has changed what the row must say.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  void note_stored() { is_unstored_ = false; }

 private:
  // Returns the rate of one connection's reserve: the user's rate divided by the number of
  // connections that the user may have.
  [[nodiscard]] Rate share() const;
  // Returns true if the credential is older than the owner accepts.
  [[nodiscard]] bool is_too_old(const Credential& credential) const;

  // Limits as whoever deploys the server has set them. They do not change while the instance lives.
  RateLimits limits_;
  TokenBucket user_frames_;
  TokenBucket connects_;
  Logout logout_;
  // Second before which the owner accepts no credential.
  std::int64_t not_before_s_ = 0;
  // Second in which the newest credential that this instance has seen was issued. An instance
  // begins with those of the open connections.
  std::int64_t newest_issued_at_s_ = 0;
  bool is_unstored_ = false;
};

}  // namespace user_session
