// Who is let in and how much they may ask for: the credentials that logouts have ended or that the
// owner no longer accepts, and the rate limits. Who is connected does not belong here
// (connections.h), nor what a refused device is told (handlers/admission.cpp).
//
// A logout ends credentials and never names that a client has chosen. It leaves one of three things
// behind. A second: all that was issued until then is refused. A second with one credential that is
// spared: a second logout of that kind takes the place of the first, whose second then counts for
// everybody. Or the id of a credential, at most kEndedMax of them: when there are more, the second
// rises to the lowest second of one of them, which is then forgotten. The others stay whatever the
// second is, since an issuer may go on renewing a session that was ended. So nothing that was ended
// comes back.
#pragma once

#include <algorithm>
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
  // Settings of whoever deploys the server, for all users (event.h).
  struct Limits {
    RateLimits rates;
    std::int64_t not_before_s = 0;
    std::int64_t clock_skew_s = 0;
    bool is_nobody_checked = false;
  };

  // Sets the limits, and what the logout row says.
  void restore(const Limits& limits, Logout logout);

  // Returns why a credential is refused at `now`, because of a logout, its age or its expiry;
  // nullopt if it is valid.
  [[nodiscard]] std::optional<Refusal> check(const Credential& credential, TimeMs now) const;
  // Returns true if a logout has ended the credential, or if the owner no longer accepts one that
  // old. Its expiry does not matter here.
  [[nodiscard]] bool is_ended(const Credential& credential) const;
  // Notes a credential that is let in at `now`. If its issuer's clock is ahead of ours, the second
  // is stored in this step, so that a logout reaches it whatever happens meanwhile.
  void note_shown(const Credential& credential, TimeMs now);

  // Refuse from now on what was issued in a second or before: until `at_s`; until now or the newest
  // second that was shown; or until then but for the credentials with the id `spared`, which is of
  // a credential or of its sign-in. No second ever moves back, since a clock that was set back must
  // not open the door again.
  void end_until(std::int64_t at_s);
  void end_all(TimeMs now) { end_until(std::max(newest(now), logout_.others_at_s)); }
  void end_others(const Digest& spared, TimeMs now);
  // Returns the id by which a credential is spared: that of its sign-in, or if the last logout of
  // others has spared it, the one of then, since by another id it would be ended.
  [[nodiscard]] const Digest& id_to_spare(const Credential& credential) const {
    return is_spared(credential) ? logout_.spared : credential.sign_in;
  }
  // Refuses the credentials with this id, for good: a single one's, or that of a sign-in.
  // `issued_until_s` is the last second in which one of them may have been issued. If there are too
  // many, everything is refused that was issued until the lowest of these seconds. Returns false if
  // this id was ended before.
  bool end(const Digest& id, std::int64_t issued_until_s);
  // Returns true if this id was ended alone, and is remembered.
  [[nodiscard]] bool has_ended(const Digest& id) const;
  // Returns the last second in which a credential may have been issued whose renewals are of the
  // same sign-in: its own if it is the time of that sign-in, or one that is still to come.
  [[nodiscard]] std::int64_t issued_until(const Credential& credential, TimeMs now) const;
  // Returns the last second in which anything may have been issued until now, by a clock that is as
  // far ahead as allowed.
  [[nodiscard]] std::int64_t latest(TimeMs now) const;

  // Each function that returns a time takes a token from a rate limit at `now` and returns 0, or
  // returns the milliseconds until there will be a token.
  TimeMs take_connect(TimeMs now) { return connects_.take(limits_.rates.connects, now); }
  TimeMs take_frame(Connection& connection, TimeMs now) const;
  // Takes from the rate that the user's connections share or, when that is used up, from the
  // reserve that each connection has so that the others cannot silence it.
  TimeMs take_user_frame(Connection& connection, TimeMs now);
  // Takes from the same shared rate for a request that comes from no connection.
  TimeMs take_request(TimeMs now) { return user_frames_.take(limits_.rates.user_frames, now); }
  // Takes one of the `rate_limited` refusals that a connection may get before it is closed; they
  // come back with time. Returns false if there is none left.
  bool take_patience(Connection& connection, TimeMs now) const;
  // Takes tokens for a frame or request that made the server send `bytes` bytes: one for each
  // kSentBytesPerFrame (limits.h), from the user's shared rate and from that of `sender`, which may
  // be nullptr.
  void charge_for_sent(Connection* sender, std::int64_t bytes, TimeMs now);

  // Takes tokens from the rate of connections for the frames that one was sent at first: one for
  // each kSentBytesPerFrame.
  void charge_for_first_frames(std::int64_t bytes, TimeMs now);

  // Number of connections that the user may have open.
  [[nodiscard]] std::size_t devices_max() const { return limits_.rates.devices_max; }
  // True if the owner lets in everybody, so that there is no credential to end.
  [[nodiscard]] bool is_nobody_checked() const { return limits_.is_nobody_checked; }
  [[nodiscard]] const Logout& logout() const { return logout_; }
  // True if the row must be written.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  void note_stored() { is_unstored_ = false; }

 private:
  // Returns the rate of one connection's reserve: the user's rate divided by the number of
  // connections that the user may have.
  [[nodiscard]] Rate share() const;
  // Returns true if the credential is older than the owner accepts.
  [[nodiscard]] bool is_too_old(const Credential& credential) const;
  // Returns true if the last logout of all others has spared the credential.
  [[nodiscard]] bool is_spared(const Credential& credential) const;
  // Returns the second of `now`, or the newest that was shown if that is later.
  [[nodiscard]] std::int64_t newest(TimeMs now) const;

  // Limits as whoever deploys the server has set them. They do not change while the instance lives.
  Limits limits_;
  TokenBucket user_frames_;
  TokenBucket connects_;
  Logout logout_;
  bool is_unstored_ = false;
};

}  // namespace user_session
