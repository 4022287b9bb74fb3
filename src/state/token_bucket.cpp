// The arithmetic of a token bucket, in whole numbers that cannot overflow.
#include "state/token_bucket.h"

#include <algorithm>

namespace user_session {

TimeMs TokenBucket::take(const Rate& rate, TimeMs now) {
  if (rate.count == 0) return 0;
  fill(rate, now);
  if (parts_ >= rate.per_ms) {
    parts_ -= rate.per_ms;
    return 0;
  }
  return (rate.per_ms - parts_ + rate.count - 1) / rate.count;
}

void TokenBucket::charge(const Rate& rate, TimeMs now, std::int64_t tokens) {
  if (rate.count == 0) return;
  fill(rate, now);
  parts_ -= tokens * rate.per_ms;
}

void TokenBucket::fill(const Rate& rate, TimeMs now) {
  const std::int64_t full = rate.burst * rate.per_ms;
  if (is_new_) {
    is_new_ = false;
    parts_ = full;
    filled_at_ = now;
  }
  // Time beyond what fills the bucket is ignored, so a clock that jumps far ahead cannot overflow
  // the product.
  const TimeMs enough = ((full - parts_) / rate.count) + 1;
  const TimeMs elapsed = std::clamp<TimeMs>(now - filled_at_, 0, enough);
  parts_ = std::min(full, parts_ + (elapsed * rate.count));
  filled_at_ = now;
}

}  // namespace user_session
