// All that an instance of the session (session.h) knows of its user. commit.h decides which part of
// it survives the instance, and handlers/ decides what an event changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event.h"
#include "json/frame.h"
#include "presence.h"
#include "state/access.h"
#include "state/connections.h"
#include "state/devices.h"
#include "state/games.h"
#include "state/inbox.h"
#include "state/meter.h"
#include "state/runs.h"
#include "state/sequence.h"
#include "state/values.h"

namespace user_session {

// One user. The functions are the changes and questions that concern several parts at once.
struct User {
  std::string id;
  // Presence of the user: kOffline while no connection is open, kOnline from the first connection
  // on, then what any device said last.
  Presence presence = Presence::kOffline;
  // Time of the user's newest activity: a connection, a frame, or a heartbeat that the platform has
  // answered by itself. 0 if there was none.
  TimeMs last_active = 0;
  Games games;
  Connections connections;
  Access access;
  Meter meter;
  // The rest is for what only version 2 has, but for the ids of pushes, which the inbox also has.
  RememberedDevices devices;
  Sequence sequence;
  Runs runs;
  Inbox inbox;
  Values values;

  // True if there is anything that version 2 needs and that attachments must carry.
  [[nodiscard]] bool has_shared() const { return sequence.is_known() || runs.size() > 0; }

  // Notes an activity at `time`. An earlier one than the newest changes nothing.
  void touch(TimeMs time);

  // Opens a connection. The first one makes the user online.
  Connection& open(ConnectionId connection, std::string_view device_id, ProtocolVersion version);
  // Closes an open connection at `now`, and remembers its device if it is of version 2. The last
  // one makes the user offline.
  void close(ConnectionId connection, TimeMs now);

  // Returns what is remembered of the device of a connection of version 2. A device that is not
  // remembered yet is added, with the connection's credential.
  RememberedDevice& remember_device(const Connection& connection);

  // Returns all devices as others see them, each once: those that are connected, and those that are
  // away but remembered.
  [[nodiscard]] std::vector<DeviceView> device_views() const;
  // Returns one device as others see it. A device that is unknown has only its id.
  [[nodiscard]] DeviceView device_view(std::string_view device_id) const;
};

}  // namespace user_session
