// The list of remembered devices and its stored form; see devices.h.
#include "state/devices.h"

#include <algorithm>

#include "format/credential_bytes.h"
#include "limits.h"

namespace user_session {
namespace {

// Bytes of the smallest stored device: two empty texts, two times and an empty list.
constexpr std::size_t kEncodedBytesMin = 4 + 4 + 8 + 8 + 4;

}  // namespace

RememberedDevice* RememberedDevices::find(std::string_view id) {
  const auto known = std::find_if(devices_.begin(), devices_.end(),
                                  [&](const RememberedDevice& device) { return device.id == id; });
  return known == devices_.end() ? nullptr : &*known;
}

bool RememberedDevice::add_credential(const Credential& credential) {
  const bool is_known =
      std::any_of(credentials.begin(), credentials.end(),
                  [&](const Credential& other) { return other.sign_in == credential.sign_in; });
  if (credential.is_trusted() || is_known) return false;
  if (credentials.size() >= kCredentialsMax) {
    credentials.erase(credentials.begin());
    has_forgotten = true;
  }
  credentials.push_back(credential);
  return true;
}

void RememberedDevices::add_credential(RememberedDevice& device, const Credential& credential) {
  if (device.add_credential(credential)) is_unstored_ = true;
}

void RememberedDevices::rename(RememberedDevice& device, std::string_view name) {
  device.name = name;
  is_unstored_ = true;
}

void RememberedDevices::forget_names() {
  for (RememberedDevice& device : devices_) device.name.clear();
  is_unstored_ = !devices_.empty();
}

void RememberedDevices::encode(std::string& out) const {
  append_u32(out, static_cast<std::uint32_t>(devices_.size()));
  for (const RememberedDevice& device : devices_) {
    append_record(out, [&] {
      append_text(out, device.id);
      append_text(out, device.name);
      append_i64(out, device.first_seen);
      append_i64(out, device.last_active);
      append_u32(out, static_cast<std::uint32_t>(device.credentials.size()));
      for (const Credential& credential : device.credentials) append_credential(out, credential);
      append_u8(out, device.has_forgotten ? 1 : 0);
      append_rest(out, device.rest);
    });
  }
  append_rest(out, rest_);
}

bool RememberedDevices::restore(ByteReader& reader) {
  devices_.clear();
  for (std::uint32_t left = reader.count(kEncodedBytesMin); left > 0; --left) {
    ByteReader fields(reader.text());
    if (!restore_device(fields) || !restore_credentials(fields)) return false;
    devices_.back().rest = fields.rest();
  }
  rest_ = reader.rest();
  return !reader.failed() && devices_.size() <= kRememberedDevicesMax;
}

bool RememberedDevices::restore_old(ByteReader& reader) {
  devices_.clear();
  for (std::uint32_t left = reader.count(kEncodedBytesMin); left > 0; --left) {
    if (!restore_device(reader)) return false;
    // It had hashes of credentials that say nothing today.
    const std::uint32_t count = reader.has_more() ? reader.count(sizeof(std::int64_t)) : 0;
    for (std::uint32_t i = 0; i < count; ++i) reader.i64();
    devices_.back().has_forgotten = count > 0;
  }
  return !reader.failed() && devices_.size() <= kRememberedDevicesMax;
}

bool RememberedDevices::restore_device(ByteReader& reader) {
  const std::string_view id = reader.text();
  if (id.size() > kV2DeviceIdBytesMax || find(id) != nullptr) return false;
  RememberedDevice& device = devices_.emplace_back();
  device.id = id;
  device.name = reader.text();
  device.first_seen = reader.safe_integer();
  device.last_active = reader.safe_integer();
  return !reader.failed() && device.name.size() <= kNameBytesMax;
}

bool RememberedDevices::restore_credentials(ByteReader& reader) {
  RememberedDevice& device = devices_.back();
  const std::uint32_t count = reader.has_more() ? reader.count(kCredentialBytesMin) : 0;
  for (std::uint32_t left = count; left > 0; --left) {
    const Credential credential = read_credential(reader);
    const bool has_room = device.credentials.size() < kCredentialsMax;
    if (reader.failed() || !has_room || !device.add_credential(credential)) return false;
  }
  device.has_forgotten = reader.has_more() && reader.flag();
  return !reader.failed();
}

}  // namespace user_session
