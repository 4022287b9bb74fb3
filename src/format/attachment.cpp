// The formats of an attachment, and the proof that its longest content fits.
#include "format/attachment.h"

#include "check.h"
#include "format/bytes.h"
#include "format/credential_bytes.h"
#include "limits.h"

namespace user_session {
namespace {

// Values of the first byte. It says which version of the protocol the device speaks, also to
// JavaScript, which reads no other byte (bindings/wire.js).
constexpr std::uint8_t kVersion1Format = 7;
constexpr std::uint8_t kVersion2Format = 8;

// Formats of release 0.1.0, which are only read. The plain one was for a device of version 1 while
// there was nothing that only version 2 needs.
constexpr std::uint8_t kOldPlainFormat = 3;
constexpr std::uint8_t kOldVersion1Format = 5;
constexpr std::uint8_t kOldVersion2Format = 6;

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kNumberBytes = 8;

// Bytes of all fields but texts, `shared` and what a later release has added: the format; the
// user's part with order, two times, presence, the beginning of the metrics and the metrics; the
// length of `shared`; and of the device three lengths, presence, two times and the credential.
constexpr std::size_t kFixedBytesMax = 1 + kLengthBytes + (4 * kNumberBytes) + 1 + kLengthBytes +
                                       Metrics::kBytesMax + kLengthBytes + (3 * kLengthBytes) + 1 +
                                       (2 * kNumberBytes) + kCredentialBytesMax;

// Bytes that `shared` needs with as many runs as are remembered, and the frames that it always has.
constexpr std::size_t kRunBytes =
    (2 * kLengthBytes) + kRunBytesMax + (2 * kNumberBytes) + 1 + kNumberBytes;
constexpr std::size_t kSequenceBytes =
    (10 * kNumberBytes) + (kMissingMax * (sizeof(Digest) + kNumberBytes)) + kJournalRecentBytesMax;

// What a later release has added in its own part and the user's, in `shared`, and there in the
// sequence and behind the runs.
constexpr std::size_t kRestsBytesMax = 4 * kRestBytesMax;

static_assert(kFixedBytesMax + kDeviceIdBytesMax + kV2DeviceIdBytesMax + kRunBytesMax +
                      kRestsBytesMax + (kRunsMax * kRunBytes) + kSequenceBytes <=
                  kAttachmentBytesMax,
              "beside any device's texts there is room for the runs and the newest frames");

Presence read_presence(ByteReader& reader) { return static_cast<Presence>(reader.u8(0, 2)); }

std::size_t rest_bytes(const Attachment& attachment) {
  return attachment.user_rest.size() + attachment.metrics_rest.size() + attachment.rest.size();
}

// Reads the formats of release 0.1.0.
void read_old(std::uint8_t format, ByteReader& reader, Attachment& attachment) {
  attachment.order = reader.safe_integer();
  attachment.last_active = reader.safe_integer();
  attachment.presence = read_presence(reader);
  attachment.credential.issued_at_s = reader.safe_integer();
  attachment.credential.expires_at = reader.safe_integer();
  attachment.device_id = reader.text();
  attachment.attached_at = reader.safe_integer();
  attachment.counted_since = reader.safe_integer();
  attachment.metrics = Metrics::read_counted(reader);
  attachment.connected_at = attachment.attached_at;
  attachment.seen_at = attachment.attached_at;
  identify(attachment.credential, {});
  if (format == kOldPlainFormat) return;
  if (format == kOldVersion2Format) attachment.version = ProtocolVersion::kVersion2;
  // It had a hash of the credential's id that says nothing today.
  reader.i64();
  attachment.tab_id = reader.text();
  attachment.device_presence = read_presence(reader);
  attachment.connected_at = reader.safe_integer();
  attachment.seen_at = reader.safe_integer();
  reader.text();
}

// Reads the user's part, whose bytes are `user`. Returns false if it is damaged.
bool read_user(std::string_view user, Attachment& attachment) {
  ByteReader reader(user);
  attachment.order = reader.safe_integer();
  attachment.last_active = reader.safe_integer();
  attachment.presence = read_presence(reader);
  attachment.attached_at = reader.safe_integer();
  attachment.counted_since = reader.safe_integer();
  ByteReader metrics(reader.has_more() ? reader.text() : std::string_view());
  attachment.metrics = Metrics::read_from(metrics);
  attachment.metrics_rest = metrics.rest();
  attachment.user_rest = reader.rest();
  return !reader.failed() && !metrics.failed();
}

void read_device(ByteReader& reader, Attachment& attachment) {
  attachment.device_id = reader.text();
  attachment.tab_id = reader.text();
  attachment.credential = read_credential(reader);
  attachment.device_presence = read_presence(reader);
  attachment.connected_at = reader.safe_integer();
  attachment.seen_at = reader.safe_integer();
  if (reader.has_more()) attachment.run = reader.text();
}

}  // namespace

std::size_t room_for_shared(const Attachment& attachment) {
  return kAttachmentBytesMax - kFixedBytesMax - attachment.device_id.size() -
         attachment.tab_id.size() - attachment.run.size() - rest_size(attachment.user_rest) -
         rest_size(attachment.metrics_rest) - rest_size(attachment.rest);
}

void encode_attachment(const Attachment& attachment, std::string& out) {
  USER_SESSION_CHECK(attachment.device_id.size() <= kDeviceIdBytesMax);
  USER_SESSION_CHECK(attachment.tab_id.size() <= kV2DeviceIdBytesMax);
  const bool is_v2 = attachment.version == ProtocolVersion::kVersion2;
  append_u8(out, is_v2 ? kVersion2Format : kVersion1Format);
  append_record(out, [&] {
    append_i64(out, attachment.order);
    append_i64(out, attachment.last_active);
    append_u8(out, static_cast<std::uint8_t>(attachment.presence));
    append_i64(out, attachment.attached_at);
    append_i64(out, attachment.counted_since);
    append_record(out, [&] {
      attachment.metrics.append_to(out);
      append_rest(out, attachment.metrics_rest);
    });
    append_rest(out, attachment.user_rest);
  });
  append_text(out, attachment.shared);
  append_text(out, attachment.device_id);
  append_text(out, attachment.tab_id);
  append_credential(out, attachment.credential);
  append_u8(out, static_cast<std::uint8_t>(attachment.device_presence));
  append_i64(out, attachment.connected_at);
  append_i64(out, attachment.seen_at);
  append_text(out, attachment.run);
  append_rest(out, attachment.rest);
}

std::optional<Attachment> decode_attachment(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint8_t format = reader.u8();
  Attachment attachment;
  bool is_sound = true;
  switch (format) {
    case kOldPlainFormat:
    case kOldVersion1Format:
    case kOldVersion2Format:
      read_old(format, reader, attachment);
      is_sound = reader.finished();
      break;
    case kVersion2Format:
      attachment.version = ProtocolVersion::kVersion2;
      [[fallthrough]];
    case kVersion1Format:
      is_sound = read_user(reader.text(), attachment);
      attachment.shared = reader.text();
      read_device(reader, attachment);
      attachment.rest = reader.rest();
      break;
    default:
      return std::nullopt;
  }
  const bool is_too_long = attachment.device_id.size() > kDeviceIdBytesMax ||
                           attachment.tab_id.size() > kV2DeviceIdBytesMax ||
                           attachment.run.size() > kRunBytesMax ||
                           rest_bytes(attachment) > kRestBytesMax;
  if (!is_sound || reader.failed() || is_too_long) return std::nullopt;
  return attachment;
}

}  // namespace user_session
