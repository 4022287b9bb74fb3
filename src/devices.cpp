#include "devices.h"

#include <algorithm>

#include "frame.h"
#include "limits.h"

namespace user_session {
namespace {

// Two texts, two times and a number.
constexpr std::size_t kEncodedBytesMin = 4 + 4 + 8 + 8 + 8;

}  // namespace

RememberedDevice* RememberedDevices::find(std::string_view id) {
  const auto known = std::find_if(devices_.begin(), devices_.end(),
                                  [&](const RememberedDevice& device) { return device.id == id; });
  return known == devices_.end() ? nullptr : &*known;
}

RememberedDevice& RememberedDevices::get(std::string_view id, TimeMs now) {
  if (RememberedDevice* known = find(id)) return *known;
  if (devices_.size() >= kRememberedDevicesMax) {
    devices_.erase(std::min_element(devices_.begin(), devices_.end(),
                                    [](const RememberedDevice& a, const RememberedDevice& b) {
                                      return a.last_active < b.last_active;
                                    }));
  }
  RememberedDevice& device = devices_.emplace_back();
  device.id = id;
  device.first_seen = now;
  device.last_active = now;
  return device;
}

void RememberedDevices::encode(std::string& out) const {
  append_u32(out, static_cast<std::uint32_t>(devices_.size()));
  for (const RememberedDevice& device : devices_) {
    append_text(out, device.id);
    append_text(out, device.name);
    append_i64(out, device.first_seen);
    append_i64(out, device.last_active);
    append_i64(out, static_cast<std::int64_t>(device.credential_id));
  }
}

bool RememberedDevices::restore(ByteReader& reader) {
  devices_.clear();
  const std::uint32_t count = reader.count(kEncodedBytesMin);
  for (std::uint32_t i = 0; i < count; ++i) {
    RememberedDevice& device = devices_.emplace_back();
    device.id = reader.text();
    device.name = reader.text();
    device.first_seen = reader.time();
    device.last_active = reader.time();
    device.credential_id = static_cast<std::uint64_t>(reader.i64());
  }
  return !reader.failed();
}

void append_device(std::string& out, const DeviceView& device, std::string_view viewer) {
  out += R"({"deviceId":)";
  append_json_string(out, device.id);
  out += R"(,"name":)";
  append_json_string(out, device.name);
  out += R"(,"firstSeen":)";
  append_json_number(out, device.first_seen);
  out += R"(,"lastActive":)";
  append_json_number(out, device.last_active);
  out += R"(,"presence":")";
  out += presence_name(device.presence);
  out += R"(","tabs":)";
  append_json_number(out, static_cast<std::int64_t>(device.tabs));
  if (!viewer.empty()) out += device.id == viewer ? R"(,"current":true)" : R"(,"current":false)";
  out += '}';
}

}  // namespace user_session
