// A token bucket, filled by the time in the events. Which rates there are, and what costs a token,
// is in state/access.h.
#pragma once

#include <cstdint>

#include "event.h"

namespace user_session {

// The tokens that are left of one Rate (event.h). A bucket is not stored: it starts full, so it is
// full again after a hibernation. A hibernation takes ten idle seconds, in which the buckets of
// frames fill anyway; a rate per minute gets its tokens for free.
class TokenBucket {
 public:
  // Takes one token at `now`, and returns 0; if there is none, returns the milliseconds until there
  // will be one. A clock that jumps back takes nothing away, and its way forward again fills the
  // bucket as any time does.
  TimeMs take(const Rate& rate, TimeMs now);

  // Takes `tokens` even if there are fewer, for something that has turned out to cost more. The
  // bucket may then be below zero, and `take` fails until it is filled again.
  void charge(const Rate& rate, TimeMs now, std::int64_t tokens);

 private:
  // Adds the tokens of the time that has passed, up to a full bucket.
  void fill(const Rate& rate, TimeMs now);

  // Tokens in the bucket, in parts: `per_ms` parts are one token, and `count` parts are added each
  // millisecond. Integers in parts lose nothing by rounding. It is below zero after a charge.
  std::int64_t parts_ = 0;
  // Time of the last `fill`.
  TimeMs filled_at_ = 0;
  // True until the first use, which fills the bucket, since only then its rate is known.
  bool is_new_ = true;
};

}  // namespace user_session
