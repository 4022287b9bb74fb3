// The devices of version 2 that a user has, also those that are not here: installations of the app,
// by the ids that they have given themselves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.h"
#include "presence.h"
#include "rate.h"

namespace user_session {

struct RememberedDevice {
  std::string id;
  // What the device calls itself; empty if it has not said.
  std::string name;
  TimeMs first_seen = 0;
  // When it was here last, as far as it is stored.
  TimeMs last_active = 0;
  // Names the credential that it came with last; 0 if that had no name.
  std::uint64_t credential_id = 0;
};

// Remembers the kRememberedDevicesMax that were here last.
class RememberedDevices {
 public:
  // nullptr if it is not remembered.
  RememberedDevice* find(std::string_view id);

  // The device of this id, which is new if it was not remembered. In that case the one that was
  // away for longest may be forgotten.
  RememberedDevice& get(std::string_view id, TimeMs now);

  void forget() { devices_.clear(); }

  [[nodiscard]] const std::vector<RememberedDevice>& all() const { return devices_; }

  void encode(std::string& out) const;
  // False if the bytes are damaged.
  bool restore(ByteReader& reader);

 private:
  std::vector<RememberedDevice> devices_;
};

// A device as others see it.
struct DeviceView {
  std::string_view id;
  std::string_view name;
  TimeMs first_seen = 0;
  TimeMs last_active = 0;
  Presence presence = Presence::kOffline;
  // How many of its tabs are connected.
  std::size_t tabs = 0;
};

// Appends a device as a JSON object, which says whether it is the viewer; not if `viewer` is empty.
void append_device(std::string& out, const DeviceView& device, std::string_view viewer);

}  // namespace user_session
