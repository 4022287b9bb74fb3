// The id of a request. Which ids there are is read in json/message.cpp; what is known of a request
// is in state/runs.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "event.h"

namespace user_session {

// The id of a request, `<run>.<number>`. It is empty if a frame has none.
struct RequestId {
  // The id as it was written, and the run and the number in it.
  std::string_view text = kNoText;
  std::string_view run = kNoText;
  // From 1 to kSafeIntegerMax.
  std::int64_t number = 0;
  // True if the frame says that it repeats an earlier one.
  bool is_again = false;
};

}  // namespace user_session
