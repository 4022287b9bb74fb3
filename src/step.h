// The working data of one step: the event's time and sender, and what handling it has brought about
// so far. Whatever must outlive the step belongs in state/user.h instead.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "effect.h"
#include "ended.h"
#include "event.h"
#include "request_id.h"

namespace user_session {

struct Step {
  // The effects of this step. Handlers add what is to be said, and the commit point (commit.h) adds
  // what is to be stored.
  EffectList& effects;
  // Time of the event.
  TimeMs now;
  // Connection whose frame is being handled; kNoConnection for every other event.
  ConnectionId sender = kNoConnection;
  // True for Woken, which the caller makes to begin an instance. The event for which the instance
  // was woken is the next step.
  bool is_waking = false;
  // True when a logout has closed all connections. `lastActive` is then stored in this step, and
  // not up to a minute late.
  bool is_logout_of_all = false;
  // Number of connections that were open before this event.
  std::size_t open_before = 0;
  // Id of the request that is being handled, for its `ack` or its refusal. It is empty if the frame
  // has none, and lies in the frame.
  RequestId request;
  // True once the `ack` of the request has been added.
  bool is_acknowledged = false;
  // True when this event has logged something out. `ended` is what, which the `ack` or the answer
  // tells.
  bool has_logged_out = false;
  Ended ended = {};
  // Key of the value whose change was refused since it has another version than the request names;
  // empty if none was.
  std::string_view conflict_key = kNoText;
  // Ids of the devices that have lost a connection in this step, each once. tell_gone
  // (handlers/devices.cpp) tells the other devices whether each has fewer tabs or is gone, and
  // empties the list.
  std::vector<std::string> gone;
};

}  // namespace user_session
