// What survives hibernation beside a socket, at no cost in stored rows.
//
// Four things ride there: who the device is and what it may do, how the user was when the
// attachment was written, what had been counted, and what devices of version 2 need. Many
// attachments of one user carry the latter three, written at different times; the one with the
// highest order is the truth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event.h"
#include "format/metrics.h"
#include "presence.h"

namespace user_session {

struct Attachment {
  // Counts the attachments written for the user, across hibernations. Not a time: clocks jump.
  std::int64_t order = 0;
  TimeMs last_active = 0;
  Presence presence = Presence::kOnline;
  // This device's.
  Credential credential = {};
  // Borrowed from the bytes it was decoded from.
  std::string_view device_id;
  // When it was written.
  TimeMs attached_at = 0;
  // What has been counted for the user, and since when.
  TimeMs counted_since = 0;
  Metrics metrics = {};
  ProtocolVersion version = ProtocolVersion::kVersion1;
  std::string_view tab_id = kNoText;
  Presence device_presence = Presence::kOnline;
  TimeMs connected_at = 0;
  // When the device's last frame came.
  TimeMs seen_at = 0;
  // What devices of version 2 need of the user, borrowed as `device_id` is; empty if there is none.
  std::string_view shared = kNoText;

  bool operator==(const Attachment&) const = default;
};

// Appends the bytes of `attachment`, whose device id is at most kDeviceIdBytesMax long and whose
// `shared` has room.
void encode_attachment(const Attachment& attachment, std::string& out);

// How many bytes `shared` may have beside these.
std::size_t room_for_shared(std::string_view device_id, std::string_view tab_id);

// The attachment that `bytes` hold, or nothing when they are not of a known version or damaged.
std::optional<Attachment> decode_attachment(std::string_view bytes);

}  // namespace user_session
