// The devices of version 2 that are remembered, connected or not. Which are connected is in
// connections.h, what others are told of them in handlers/devices.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "credential.h"
#include "event.h"
#include "format/bytes.h"
#include "limits.h"
#include "presence.h"

namespace user_session {

// One device: an installation of the app, by the id that it has given itself.
struct RememberedDevice {
  std::string id;
  // Name that the device has given itself; empty if it has not.
  std::string name;
  // Time when it connected first, as far as it is remembered.
  TimeMs first_seen = 0;
  // Time when it was active last, up to the last connection that it closed. What an open connection
  // has done since is in the connection.
  TimeMs last_active = 0;
  // Credentials that it came with, one of each sign-in, the newest last; at most kCredentialsMax. A
  // logout of the device ends them.
  std::vector<Credential> credentials;
  // True if there may have been more, which are forgotten.
  bool has_forgotten = false;
  // Bytes of a later release (format/bytes.h).
  std::string rest;

  // Adds a credential and forgets the oldest beyond kCredentialsMax. Returns false if one of its
  // sign-in is there already, or if it is trusted and so none.
  bool add_credential(const Credential& credential);
};

// The devices that were connected last, at most kRememberedDevicesMax. They are stored in the
// extension, the part of the snapshot for version 2.
class RememberedDevices {
 public:
  // Returns the device, or nullptr if it is not remembered. The pointer is valid until the next
  // `add`.
  RememberedDevice* find(std::string_view id);

  // Adds a device that is not remembered. If there is no room, the device that was active longest
  // ago is forgotten; one for whose id `is_here` returns true only if there is no other.
  template <typename Predicate>
  RememberedDevice& add(std::string_view id, TimeMs now, Predicate is_here);
  // Adds a credential to a device.
  void add_credential(RememberedDevice& device, const Credential& credential);
  // Gives a device a new name.
  void rename(RememberedDevice& device, std::string_view name);
  // Forgets the credentials for which `is_ended` returns true, and with `is_all_ended` that there
  // were more of them. It makes nothing unstored: those that a row still has are refused anyway.
  template <typename Predicate>
  void forget_ended(bool is_all_ended, Predicate is_ended);
  // Forgets the names of all devices. Their ids and credentials stay, so that they can still be
  // logged out.
  void forget_names();
  void forget() { *this = RememberedDevices(); }

  [[nodiscard]] const std::vector<RememberedDevice>& all() const { return devices_; }
  // True if a device, a name or a credential is not in the row yet. A new `last_active` alone is
  // not worth a row.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  void note_stored() { is_unstored_ = false; }

  // Appends the stored form, which is part of the extension (restore.cpp).
  void encode(std::string& out) const;
  // Read a record that `encode` wrote, and what it wrote in release 0.1.0. Return false if it is
  // damaged; the content is then undefined.
  [[nodiscard]] bool restore(ByteReader& reader);
  [[nodiscard]] bool restore_old(ByteReader& reader);

 private:
  // Adds the device whose fields come next, and reads its credentials. Return false if they are
  // damaged.
  [[nodiscard]] bool restore_device(ByteReader& reader);
  [[nodiscard]] bool restore_credentials(ByteReader& reader);

  std::vector<RememberedDevice> devices_;
  // Bytes of a later release behind all devices.
  std::string rest_;
  bool is_unstored_ = false;
};

template <typename Predicate>
void RememberedDevices::forget_ended(bool is_all_ended, Predicate is_ended) {
  for (RememberedDevice& device : devices_) {
    std::erase_if(device.credentials, is_ended);
    device.has_forgotten = device.has_forgotten && !is_all_ended;
  }
}

template <typename Predicate>
RememberedDevice& RememberedDevices::add(std::string_view id, TimeMs now, Predicate is_here) {
  const bool is_full = devices_.size() >= kRememberedDevicesMax;
  if (is_full) {
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
  // It may be one that was forgotten, and the credentials that it came with are forgotten then,
  // too.
  device.has_forgotten = is_full;
  is_unstored_ = true;
  return device;
}

}  // namespace user_session
