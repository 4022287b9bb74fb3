// The devices of version 2 that a user has, also those that are not here: installations of the app,
// by the ids that they have given themselves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bytes.h"
#include "limits.h"
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
  // Name the credentials that it came with last, the newest at the end, as far as they had names.
  std::vector<std::uint64_t> credential_ids;

  // Remembers one more of the kCredentialsMax newest; false if it is known or has no name, being 0.
  bool add_credential(std::uint64_t credential_id);
};

// Remembers the kRememberedDevicesMax that were here last.
class RememberedDevices {
 public:
  // nullptr if it is not remembered.
  RememberedDevice* find(std::string_view id);

  // Remembers a device that was not. For it the one that was away for longest may be forgotten; of
  // those for whose ids `is_here` holds only if there is no other.
  template <typename Predicate>
  RememberedDevice& add(std::string_view id, TimeMs now, Predicate is_here);

  [[nodiscard]] std::vector<RememberedDevice>& all() { return devices_; }

  void forget() { devices_.clear(); }

  [[nodiscard]] const std::vector<RememberedDevice>& all() const { return devices_; }

  void encode(std::string& out) const;
  // False if the bytes are damaged.
  bool restore(ByteReader& reader);

 private:
  std::vector<RememberedDevice> devices_;
};

template <typename Predicate>
RememberedDevice& RememberedDevices::add(std::string_view id, TimeMs now, Predicate is_here) {
  if (devices_.size() >= kRememberedDevicesMax) {
    const auto rank = [&](const RememberedDevice& device) {
      return std::pair(is_here(device.id), device.last_active);
    };
    devices_.erase(std::min_element(
        devices_.begin(), devices_.end(),
        [&](const RememberedDevice& a, const RememberedDevice& b) { return rank(a) < rank(b); }));
  }
  RememberedDevice& device = devices_.emplace_back();
  device.id = id;
  device.first_seen = now;
  device.last_active = now;
  return device;
}

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

// The frame of version 2, yet without its number, that tells of a device: `type` is how.
void write_device_frame(std::string& out, std::string_view type, const DeviceView& device);

// Appends a device as a JSON object, which says whether it is the viewer; not if `viewer` is empty.
void append_device(std::string& out, const DeviceView& device, std::string_view viewer);

}  // namespace user_session
