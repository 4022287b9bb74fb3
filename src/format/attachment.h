// The bytes of an attachment, which the platform keeps with an open socket: it survives hibernation
// at no cost in rows, and is lost with the socket. When one is written is decided in commit.h.
//
// An attachment has four parts: who the device is and what it may do; how the user was when it was
// written; the metrics; and what devices of version 2 need of the user. Each socket of a user
// carries the latter three from the time of its own attachment. Only those of the attachment with
// the highest `order` count.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event.h"
#include "format/metrics.h"
#include "presence.h"

namespace user_session {

// The content of an attachment. Every text is borrowed from the bytes that it was decoded from.
struct Attachment {
  // Number of this attachment among all that were ever written for the user, across hibernations.
  // It is not a time, since clocks jump.
  std::int64_t order = 0;
  // The user's `lastActive` and presence.
  TimeMs last_active = 0;
  Presence presence = Presence::kOnline;
  // Credential by which the connection was let in.
  Credential credential = {};
  // Id of the device, and further down the name of its tab.
  std::string_view device_id;
  // Time when the attachment was written.
  TimeMs attached_at = 0;
  // Time when the user's metrics began, and the metrics.
  TimeMs counted_since = 0;
  Metrics metrics = {};
  // Version of the protocol that the device speaks.
  ProtocolVersion version = ProtocolVersion::kVersion1;
  std::string_view tab_id = kNoText;
  // Presence of the device itself.
  Presence device_presence = Presence::kOnline;
  // Time when the connection was opened.
  TimeMs connected_at = 0;
  // Time of the connection's last frame.
  TimeMs seen_at = 0;
  // Bytes that devices of version 2 need of the user: the sequence and the requests that are done
  // (Persistence::write_shared). Empty if the sequence does not run.
  std::string_view shared = kNoText;

  bool operator==(const Attachment&) const = default;
};

// Appends the bytes of `attachment`. Its device id must have at most kDeviceIdBytesMax bytes, its
// tab id at most kV2DeviceIdBytesMax, and `shared` at most room_for_shared.
void encode_attachment(const Attachment& attachment, std::string& out);

// Returns the number of bytes that `shared` may have in an attachment with these texts.
std::size_t room_for_shared(std::string_view device_id, std::string_view tab_id);

// Returns the attachment in `bytes`, or nullopt if they are damaged or of an unknown version.
std::optional<Attachment> decode_attachment(std::string_view bytes);

}  // namespace user_session
