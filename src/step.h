// The working data of one step: the event's time and sender, and what handling it has brought about
// so far. Whatever must outlive the step belongs in state/user.h instead.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "effect.h"
#include "event.h"

namespace user_session {

struct Step {
  // The effects of this step. Handlers and `commit` append to it.
  EffectList& effects;
  // Time of the event, or of the newest event before it if it has none.
  TimeMs now;
  // Connection whose frame is being handled; kNoConnection for every other event.
  ConnectionId sender = kNoConnection;
  // True for Woken, the first event of the instance. The event that has woken the instance follows
  // it at once.
  bool is_waking = false;
  // True when the event has ended every session: `lastActive` may not lag in storage then.
  bool is_logout_of_all = false;
  // Number of connections that were open before this event.
  std::size_t open_before = 0;
  // Id of the request that is being handled, until it is acknowledged; empty if the frame has no id
  // or the `ack` is sent already. A refusal carries it, too.
  std::string_view request_id = kNoText;
  // Sequence number with which the request is remembered and acknowledged; nullopt until it is
  // done.
  std::optional<std::int64_t> request_seq;
  // True when a credential this logout should revoke is also used by a device that stays connected;
  // it is then not revoked.
  bool is_credential_shared = false;
  // Ids of the devices that have lost a connection in this step and of which the others have not
  // been told yet. Each id is there once.
  std::vector<std::string> gone;
};

}  // namespace user_session
