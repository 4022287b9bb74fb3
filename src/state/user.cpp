// Changes that concern several parts of a user, and the list of devices; see user.h.
#include "state/user.h"

#include <algorithm>

namespace user_session {

void User::touch(TimeMs time) { last_active = std::max(last_active, time); }

Connection& User::open(ConnectionId connection, std::string_view device_id,
                       ProtocolVersion version) {
  if (connections.count() == 0) presence = Presence::kOnline;
  return connections.open(connection, device_id, version);
}

void User::close(ConnectionId connection, TimeMs now) {
  const Connection& closing = connections[connection];
  const bool is_v2 = closing.version == ProtocolVersion::kVersion2;
  // A device that has been connected for long may have been forgotten; it is remembered again.
  RememberedDevice* device = is_v2 ? &remember_device(closing) : devices.find(closing.device_id);
  if (device != nullptr) {
    device->last_active = std::max({device->last_active, closing.seen_at, closing.heartbeat_at});
  }
  if (is_v2) sequence.note_gone(closing.device_id, now);
  connections.close(connection);
  runs.note_closed();
  if (connections.count() == 0) presence = Presence::kOffline;
}

RememberedDevice& User::remember_device(const Connection& connection) {
  RememberedDevice* device = devices.find(connection.device_id);
  if (device == nullptr) {
    device = &devices.add(connection.device_id, connection.connected_at,
                          [&](std::string_view other) { return connections.has_device(other); });
  }
  // A logout that closes the connection has made the device forget its credential.
  if (!access.is_ended(connection.credential)) {
    devices.add_credential(*device, connection.credential);
  }
  return *device;
}

std::vector<DeviceView> User::device_views() const {
  std::vector<DeviceView> views;
  for (const RememberedDevice& device : devices.all()) {
    views.push_back({.id = device.id,
                     .name = device.name,
                     .first_seen = device.first_seen,
                     .last_active = device.last_active});
  }
  connections.each([&](ConnectionId /*id*/, const Connection& connection) {
    auto view = std::find_if(views.begin(), views.end(), [&](const DeviceView& known) {
      return known.id == connection.device_id;
    });
    if (view == views.end()) {
      views.push_back(
          {.id = connection.device_id, .name = {}, .first_seen = connection.connected_at});
      view = views.end() - 1;
    }
    view->last_active =
        std::max({view->last_active, connection.told_seen_at(), connection.heartbeat_at});
    view->presence = connection.presence;
    ++view->tabs;
  });
  return views;
}

DeviceView User::device_view(std::string_view device_id) const {
  const std::vector<DeviceView> views = device_views();
  const auto view = std::find_if(views.begin(), views.end(),
                                 [&](const DeviceView& known) { return known.id == device_id; });
  return view == views.end() ? DeviceView{.id = device_id, .name = {}} : *view;
}

}  // namespace user_session
