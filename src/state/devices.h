// The devices of version 2 that a user has, also those that are not here: installations of the app,
// by the ids that they have given themselves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event.h"
#include "format/bytes.h"
#include "limits.h"
#include "presence.h"

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
  // Remembers one more credential that a device came with.
  void add_credential(RememberedDevice& device, std::uint64_t credential_id);
  // Changes what a device calls itself.
  void rename(RememberedDevice& device, std::string_view name);
  // Forgets the credentials of all, which have ended.
  void forget_credentials();
  void forget() { *this = RememberedDevices(); }

  [[nodiscard]] const std::vector<RememberedDevice>& all() const { return devices_; }
  // One is known, or something of one, that no row knows.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  void note_stored() { is_unstored_ = false; }

  void encode(std::string& out) const;
  // False if the bytes are damaged.
  bool restore(ByteReader& reader);

 private:
  std::vector<RememberedDevice> devices_;
  bool is_unstored_ = false;
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
  is_unstored_ = true;
  return device;
}

}  // namespace user_session
