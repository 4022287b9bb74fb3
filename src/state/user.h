// All that is known of a user while an instance lives. What of it survives the instance is decided
// in commit.h, what an event changes in handlers/.
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
#include "state/idempotency.h"
#include "state/kept.h"
#include "state/meter.h"
#include "state/sequence.h"

namespace user_session {

// The user, and what changes more than one part of the user at once.
struct User {
  std::string id;
  // Presence of the user, as a device said it last. It is kOffline while no connection is open.
  Presence presence = Presence::kOffline;
  // Time of the user's newest activity: a connection, a frame or a heartbeat. 0 if there was none.
  TimeMs last_active = 0;
  Games games;
  Connections connections;
  Access access;
  Meter meter;
  // The rest is needed by devices of version 2 alone.
  RememberedDevices devices;
  Sequence sequence;
  Idempotency idempotency;
  KeptPushes kept;

  // Notes an activity at `time`. An earlier one than the newest changes nothing.
  void touch(TimeMs time);

  // Opens a connection in the table. The first one makes the user online.
  Connection& open(ConnectionId connection, std::string_view device_id, ProtocolVersion version);
  // Closes an open connection at `now`, and remembers its device if it is of version 2. The last
  // one makes the user offline.
  void close(ConnectionId connection, TimeMs now);

  // Returns the remembered device of a connection of version 2, which is added if it was forgotten,
  // with the connection's credential.
  RememberedDevice& remember_device(const Connection& connection);

  // Returns all devices as others see them: those that are connected, and those that are
  // remembered.
  [[nodiscard]] std::vector<DeviceView> device_views() const;
  // Returns one device as others see it. A device that is unknown has only its id.
  [[nodiscard]] DeviceView device_view(std::string_view device_id) const;
};

}  // namespace user_session
