// All that is known of a user while an instance lives. What of it survives the instance is decided
// in commit.h; what an event changes, in handlers/.
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

struct User {
  std::string id;
  Presence presence = Presence::kOffline;
  TimeMs last_active = 0;
  Games games;
  Connections connections;
  Access access;
  Meter meter;
  // What only devices of version 2 need.
  RememberedDevices devices;
  Sequence sequence;
  Idempotency idempotency;
  KeptPushes kept;

  // Something was done at `time`.
  void touch(TimeMs time);

  // Lets a connection into the table, and takes one out of it at `now`.
  Connection& open(ConnectionId connection, std::string_view device_id, ProtocolVersion version);
  void close(ConnectionId connection, TimeMs now);

  // The device of a connection, which is remembered from now on if it was not.
  RememberedDevice& remember_device(const Connection& connection);

  // All devices as others see them, those of version 2 also when they are away.
  [[nodiscard]] std::vector<DeviceView> device_views() const;
  [[nodiscard]] DeviceView device_view(std::string_view device_id) const;
};

}  // namespace user_session
