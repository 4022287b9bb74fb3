// The bytes of an attachment, which the platform keeps with an open socket: it survives hibernation
// at no cost in rows, and is lost with the socket. When one is written is decided in commit.h.
//
// An attachment has three parts: how the user was when it was written, with the metrics; what
// devices of version 2 need of the user, which only the carrier's has; and who the device is and
// what it may do. Of all attachments of a user the first two parts count of the one with the
// highest `order` alone, which is the carrier's. Each part has room for what a later release adds
// (format/bytes.h).
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
  // Time when the user's metrics began, and the metrics. `metrics_rest` has the counters of a later
  // release.
  TimeMs counted_since = 0;
  Metrics metrics = {};
  std::string_view metrics_rest = kNoText;
  // Bytes of a later release in the user's part.
  std::string_view user_rest = kNoText;
  // Version of the protocol that the device speaks.
  ProtocolVersion version = ProtocolVersion::kVersion1;
  std::string_view tab_id = kNoText;
  // Run of the client program; empty if it has not said.
  std::string_view run = kNoText;
  // Presence of the device itself.
  Presence device_presence = Presence::kOnline;
  // Time when the connection was opened.
  TimeMs connected_at = 0;
  // Time of the connection's last frame.
  TimeMs seen_at = 0;
  // Bytes of a later release in the device's part.
  std::string_view rest = kNoText;
  // Bytes that devices of version 2 need of the user: the sequence and the runs
  // (Persistence::write_shared). Empty in all attachments but the carrier's.
  std::string_view shared = kNoText;

  bool operator==(const Attachment&) const = default;
};

// Appends the bytes of `attachment`. Its device id must have at most kDeviceIdBytesMax bytes, its
// tab id at most kV2DeviceIdBytesMax, and `shared` at most room_for_shared.
void encode_attachment(const Attachment& attachment, std::string& out);

// Returns the number of bytes that `shared` may have in this attachment.
std::size_t room_for_shared(const Attachment& attachment);

// Returns the attachment in `bytes`, or nullopt if they are damaged or of an unknown format. Of a
// format of release 0.1.0 `shared` is left empty: its places and requests are not known any more.
std::optional<Attachment> decode_attachment(std::string_view bytes);

}  // namespace user_session
