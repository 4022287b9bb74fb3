// Who may come in, and how much they may ask for: what logouts have ended, and the rates. Who is
// connected does not belong here.
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

class Access {
 public:
  // Sets the rates and what is stored of logouts.
  void restore(const RateLimits& limits, Logout logout);

  // Why a credential opens nothing at `now`; nothing if it does.
  [[nodiscard]] std::optional<Refusal> check(const Credential& credential, TimeMs now) const;
  [[nodiscard]] bool is_ended(const Credential& credential) const;
  // Remembers that a credential was shown which opens something: a logout must reach it, also when
  // its issuer's clock is ahead of ours.
  void note_shown(const Credential& credential);

  // Ends what was issued until this second, unless more is ended already. A clock that jumps back
  // must not open the door again to what an earlier logout has ended.
  void end_until(std::int64_t at_s);
  // Ends what was issued until `now` and all that was shown.
  void end_all(TimeMs now);
  // Ends these credentials, those without a name (0) excepted. False, and none is ended, if there
  // would be more than can be remembered.
  [[nodiscard]] bool end(const std::vector<std::uint64_t>& credential_ids);

  // Each of these takes a token, and returns 0 or in how many milliseconds there will be one.
  TimeMs take_connect(TimeMs now) { return connects_.take(limits_.connects, now); }
  TimeMs take_frame(Connection& connection, TimeMs now) const;
  // The user's own token, or the part that is left to the connection when all use it at once.
  TimeMs take_user_frame(Connection& connection, TimeMs now);
  TimeMs take_request(TimeMs now) { return user_frames_.take(limits_.user_frames, now); }
  // Takes from how often a connection may be told to wait. False if it has not heeded it.
  bool take_patience(Connection& connection, TimeMs now) const;
  // Makes what has sent `bytes` count for more than one frame, of the user and of `sender` if it is
  // not nullptr.
  void charge_for_sent(Connection* sender, std::int64_t bytes, TimeMs now);

  [[nodiscard]] std::size_t devices_max() const { return limits_.devices_max; }
  [[nodiscard]] const Logout& logout() const { return logout_; }
  // A logout has changed since it was stored last.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  void note_stored() { is_unstored_ = false; }

 private:
  [[nodiscard]] Rate share() const;

  RateLimits limits_;
  TokenBucket user_frames_;
  TokenBucket connects_;
  Logout logout_;
  // When the newest of the credentials that were shown was issued.
  std::int64_t newest_issued_at_s_ = 0;
  bool is_unstored_ = false;
};

}  // namespace user_session
