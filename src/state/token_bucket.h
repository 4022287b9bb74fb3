// How often something may happen: token buckets that are filled by the time in the events.
#pragma once

#include <cstdint>

#include "event.h"

namespace user_session {

// What is left of a Rate. Starts full, and so is full again after a hibernation, which takes ten
// idle seconds: enough to fill those of frames, and a gift for a rate of minutes.
class TokenBucket {
 public:
  // Takes one token at `now`. Returns 0, or in how many milliseconds there will be one. A clock
  // that jumps back takes nothing away; its way forward again fills as any time does.
  TimeMs take(const Rate& rate, TimeMs now);

  // Takes `tokens` more than there may be, for what turned out to be dearer: until they have come
  // back there are none.
  void charge(const Rate& rate, TimeMs now, std::int64_t tokens);

 private:
  void fill(const Rate& rate, TimeMs now);

  // In parts of a token: `per_ms` of them make one, and `count` come each millisecond.
  std::int64_t parts_ = 0;
  TimeMs filled_at_ = 0;
  bool is_new_ = true;
};

}  // namespace user_session
