// What is known of the event that is being handled, for as long as it is: when it is, who has
// caused it, what it has brought about so far.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "effect.h"
#include "event.h"

namespace user_session {

struct Step {
  EffectList& effects;
  TimeMs now;
  // The connection whose frame is being handled, kNoConnection for every other event.
  ConnectionId sender = kNoConnection;
  // Whether the event is the first of the instance. The one that has woken it follows at once.
  bool is_waking = false;
  // How many connections were open before it.
  std::size_t open_before = 0;
  // The id of the frame, if it is a request whose answer is still to be sent.
  std::string_view request_id = kNoText;
  // The number that the request is remembered with.
  std::optional<std::int64_t> request_seq = std::nullopt;
  // Whether a credential that was to be ended is also used by a device that stays, so that it was
  // not.
  bool is_credential_shared = false;
  // The ids of devices one of whose sockets has gone.
  std::vector<std::string> gone = {};
};

}  // namespace user_session
