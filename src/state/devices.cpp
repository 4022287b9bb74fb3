// The list of remembered devices and its stored form; see devices.h.
#include "state/devices.h"

#include <algorithm>

#include "json/frame.h"
#include "limits.h"

namespace user_session {
namespace {

// Bytes of the smallest stored device, without the length of its record: two empty texts, two times
// and an empty list.
constexpr std::size_t kEncodedBytesMin = 4 + 4 + 8 + 8 + 4;

}  // namespace

RememberedDevice* RememberedDevices::find(std::string_view id) {
  const auto known = std::find_if(devices_.begin(), devices_.end(),
                                  [&](const RememberedDevice& device) { return device.id == id; });
  return known == devices_.end() ? nullptr : &*known;
}

bool RememberedDevice::add_credential(std::uint64_t credential_id) {
  auto& known = credential_ids;
  const bool is_known = std::find(known.begin(), known.end(), credential_id) != known.end();
  if (credential_id == 0 || is_known) return false;
  if (known.size() >= kCredentialsMax) known.erase(known.begin());
  known.push_back(credential_id);
  return true;
}

void RememberedDevices::add_credential(RememberedDevice& device, std::uint64_t credential_id) {
  if (device.add_credential(credential_id)) is_unstored_ = true;
}

void RememberedDevices::rename(RememberedDevice& device, std::string_view name) {
  device.name = name;
  is_unstored_ = true;
}

void RememberedDevices::forget_credentials() {
  for (RememberedDevice& device : devices_) device.credential_ids.clear();
}

void RememberedDevices::encode(std::string& out) const {
  append_u32(out, static_cast<std::uint32_t>(devices_.size()));
  for (const RememberedDevice& device : devices_) {
    append_record(out, [&] {
      append_text(out, device.id);
      append_text(out, device.name);
      append_i64(out, device.first_seen);
      append_i64(out, device.last_active);
      append_u32(out, static_cast<std::uint32_t>(device.credential_ids.size()));
      for (const std::uint64_t id : device.credential_ids) {
        append_i64(out, static_cast<std::int64_t>(id));
      }
      append_rest(out, device.rest);
    });
  }
  append_rest(out, rest_);
}

bool RememberedDevices::restore(ByteReader& reader) {
  devices_.clear();
  for (std::uint32_t left = reader.count(kEncodedBytesMin); left > 0; --left) {
    ByteReader fields(reader.text());
    if (!restore_device(fields)) return false;
    devices_.back().rest = fields.rest();
  }
  rest_ = reader.rest();
  return !reader.failed() && devices_.size() <= kRememberedDevicesMax;
}

bool RememberedDevices::restore_old(ByteReader& reader) {
  devices_.clear();
  for (std::uint32_t left = reader.count(kEncodedBytesMin); left > 0; --left) {
    if (!restore_device(reader)) return false;
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
  const std::uint32_t count = reader.has_more() ? reader.count(sizeof(std::uint64_t)) : 0;
  for (std::uint32_t left = count; left > 0; --left) {
    const bool is_new = device.credential_ids.size() < kCredentialsMax &&
                        device.add_credential(static_cast<std::uint64_t>(reader.i64()));
    if (!is_new) return false;
  }
  return !reader.failed() && device.name.size() <= kNameBytesMax;
}

}  // namespace user_session
