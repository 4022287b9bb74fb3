// The requests that are done and their stored form; see idempotency.h.
#include "state/idempotency.h"

#include <algorithm>

#include "format/hash.h"
#include "limits.h"

namespace user_session {
namespace {

// Hash, number and time.
constexpr std::size_t kEncodedBytes = 3 * sizeof(std::int64_t);

// A text and a list, both of which may be empty.
constexpr std::size_t kDeviceBytesMin = 4 + 4;

bool is_kept(const DoneRequest& request, TimeMs now) {
  return now - request.done_at < kRequestsKeptMs;
}

}  // namespace

const DoneRequest* DoneRequests::find(std::string_view id, TimeMs now) const {
  const std::uint64_t hash = hash_of(id);
  const auto known = std::find_if(done_.begin(), done_.end(),
                                  [&](const DoneRequest& request) { return request.hash == hash; });
  return known != done_.end() && is_kept(*known, now) ? &*known : nullptr;
}

void DoneRequests::add(std::string_view id, std::int64_t seq, bool is_credential_shared,
                       TimeMs now) {
  put({.hash = hash_of(id),
       .seq = seq,
       .done_at = now,
       .is_credential_shared = is_credential_shared},
      true);
}

void DoneRequests::put(const DoneRequest& request, bool is_new) {
  std::erase_if(done_, [&](const DoneRequest& known) { return known.hash == request.hash; });
  done_.push_back(request);
  if (done_.size() <= kRequestsMax) return;
  // Not the new one, though a clock that was set back may give it the oldest time.
  done_.erase(std::min_element(
      done_.begin(), done_.end() - (is_new ? 1 : 0),
      [](const DoneRequest& a, const DoneRequest& b) { return a.done_at < b.done_at; }));
}

bool DoneRequests::is_empty(TimeMs now) const {
  return std::none_of(done_.begin(), done_.end(),
                      [&](const DoneRequest& request) { return is_kept(request, now); });
}

void DoneRequests::encode(TimeMs now, std::string& out) const {
  const auto kept = std::count_if(done_.begin(), done_.end(), [&](const DoneRequest& request) {
    return is_kept(request, now);
  });
  append_u32(out, static_cast<std::uint32_t>(kept));
  for (const DoneRequest& request : done_) {
    if (!is_kept(request, now)) continue;
    append_i64(out, static_cast<std::int64_t>(request.hash));
    append_i64(out, request.is_credential_shared ? -1 - request.seq : request.seq);
    append_i64(out, request.done_at);
  }
}

bool DoneRequests::restore(ByteReader& reader) {
  const std::uint32_t count = reader.count(kEncodedBytes);
  if (count > kRequestsMax) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    DoneRequest request;
    request.hash = static_cast<std::uint64_t>(reader.i64());
    const std::int64_t seq = reader.safe_integer();
    request.is_credential_shared = seq < 0;
    request.seq = seq < 0 ? -1 - seq : seq;
    request.done_at = reader.safe_integer();
    const auto known = std::find_if(done_.begin(), done_.end(), [&](const DoneRequest& other) {
      return other.hash == request.hash && other.done_at >= request.done_at;
    });
    if (known == done_.end()) put(request, false);
  }
  return !reader.failed();
}

Idempotency::Device& Idempotency::of(std::string_view device_id) {
  const auto known = std::find_if(devices_.begin(), devices_.end(),
                                  [&](const Device& device) { return device.id == device_id; });
  if (known != devices_.end()) return *known;
  return devices_.emplace_back(Device{.id = std::string(device_id)});
}

void Idempotency::mark_unsaved(Device& device) {
  device.is_carried = false;
  is_unsaved_ = true;
}

void Idempotency::closed(std::string_view device_id, TimeMs now) {
  Device& device = of(device_id);
  --device.open_count;
  if (!device.is_stored) mark_unsaved(device);
  forget_old(now);
}

const DoneRequest* Idempotency::find(std::string_view device_id, std::string_view id,
                                     TimeMs now) const {
  for (const Device& device : devices_) {
    if (device.id == device_id) return device.done.find(id, now);
  }
  return nullptr;
}

void Idempotency::add(std::string_view device_id, std::string_view id, std::int64_t seq,
                      bool is_credential_shared, TimeMs now) {
  Device& device = of(device_id);
  device.done.add(id, seq, is_credential_shared, now);
  device.is_stored = false;
  mark_unsaved(device);
}

void Idempotency::forget(TimeMs now) {
  for (Device& device : devices_) {
    device.done = {};
    device.is_stored = true;
  }
  forget_old(now);
}

void Idempotency::forget_old(TimeMs now) {
  std::size_t kept = 0;
  // The newest first.
  for (std::size_t i = devices_.size(); i-- > 0;) {
    Device& device = devices_[i];
    if (device.open_count > 0) continue;
    kept += device.done.size();
    if (kept > kAbsentRequestsMax) device.done = {};
  }
  std::erase_if(devices_, [&](const Device& device) {
    return device.open_count == 0 && device.done.is_empty(now);
  });
}

bool Idempotency::is_unstored() const {
  return std::any_of(devices_.begin(), devices_.end(),
                     [](const Device& device) { return !device.is_stored; });
}

void Idempotency::encode(std::string_view place, TimeMs now, std::string& out) const {
  const auto is_wanted = [&](const Device& device) {
    return place == kRow || (!device.is_stored && (!device.is_carried || device.id == place));
  };
  append_u32(
      out, static_cast<std::uint32_t>(std::count_if(devices_.begin(), devices_.end(), is_wanted)));
  for (const Device& device : devices_) {
    if (!is_wanted(device)) continue;
    append_text(out, device.id);
    device.done.encode(now, out);
  }
}

void Idempotency::note_stored() {
  for (Device& device : devices_) device.is_stored = true;
  is_unsaved_ = false;
}

void Idempotency::note_attached(std::string_view device_id) {
  for (Device& device : devices_) {
    if (device.id == device_id) device.is_carried = true;
  }
  is_unsaved_ = false;
}

bool Idempotency::restore(std::string_view place, ByteReader& reader) {
  const std::uint32_t count = reader.count(kDeviceBytesMin);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string_view id = reader.text();
    if (id.size() > kV2DeviceIdBytesMax) return false;
    Device& device = of(id);
    device.is_stored = place == kRow;
    device.is_carried = device.is_carried && (device.is_stored || device.id == place);
    if (!device.done.restore(reader)) return false;
  }
  return !reader.failed();
}

}  // namespace user_session
