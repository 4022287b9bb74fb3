// The three formats of an attachment, and the proof that its longest content fits.
#include "format/attachment.h"

#include "check.h"
#include "format/bytes.h"
#include "limits.h"

namespace user_session {
namespace {

// Values of the first byte. It says which version of the protocol the device speaks, also to
// JavaScript, which reads no other byte (bindings/wire.js). The plain format is for a device of
// version 1 while there is nothing that only version 2 needs.
constexpr std::uint8_t kPlainFormat = 3;
constexpr std::uint8_t kVersion1Format = 5;
constexpr std::uint8_t kVersion2Format = 6;

// Bytes of all fields but the texts and `shared`: the header, two times and the metrics; then the
// fields that the plain format leaves out, with the lengths of the two texts.
constexpr std::size_t kFixedBytesMax =
    kAttachmentHeaderBytes + 16 + Metrics::kBytesMax + 8 + 4 + 1 + 8 + 8 + 4;

// Bytes that `shared` needs when no request is remembered: the frames, the sequence's own numbers,
// and each missing device with its hash and time.
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kSharedBytesMax = kJournalAttachedBytesMax + (3 * kNumberBytes) + 1 + 4 +
                                        kNumberBytes + 4 + (kMissingMax * 2 * kNumberBytes) + 4;

static_assert(kFixedBytesMax + kDeviceIdBytesMax + kV2DeviceIdBytesMax + kSharedBytesMax <=
                  kAttachmentBytesMax,
              "beside any device's id and tab there is room for the count");

// Returns true if an attachment has nothing that only version 2 needs. The plain format leaves
// those fields out, and the reader sets them as they are for a device of version 1.
bool is_plain(const Attachment& attachment) {
  return attachment.version == ProtocolVersion::kVersion1 && attachment.shared.empty() &&
         attachment.credential.id == 0;
}

std::uint8_t format_of(const Attachment& attachment) {
  if (is_plain(attachment)) return kPlainFormat;
  return attachment.version == ProtocolVersion::kVersion2 ? kVersion2Format : kVersion1Format;
}

Presence read_presence(ByteReader& reader) { return static_cast<Presence>(reader.u8(0, 2)); }

}  // namespace

std::size_t room_for_shared(std::string_view device_id, std::string_view tab_id) {
  return kAttachmentBytesMax - kFixedBytesMax - device_id.size() - tab_id.size();
}

void encode_attachment(const Attachment& attachment, std::string& out) {
  USER_SESSION_CHECK(attachment.device_id.size() <= kDeviceIdBytesMax);
  USER_SESSION_CHECK(attachment.tab_id.size() <= kV2DeviceIdBytesMax);
  append_u8(out, format_of(attachment));
  append_i64(out, attachment.order);
  append_i64(out, attachment.last_active);
  append_u8(out, static_cast<std::uint8_t>(attachment.presence));
  append_i64(out, attachment.credential.issued_at_s);
  append_i64(out, attachment.credential.expires_at);
  append_text(out, attachment.device_id);
  append_i64(out, attachment.attached_at);
  append_i64(out, attachment.counted_since);
  attachment.metrics.append_to(out);
  if (is_plain(attachment)) return;
  append_i64(out, static_cast<std::int64_t>(attachment.credential.id));
  append_text(out, attachment.tab_id);
  append_u8(out, static_cast<std::uint8_t>(attachment.device_presence));
  append_i64(out, attachment.connected_at);
  append_i64(out, attachment.seen_at);
  append_text(out, attachment.shared);
}

std::optional<Attachment> decode_attachment(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint8_t format = reader.u8();
  Attachment attachment;
  attachment.order = reader.safe_integer();
  attachment.last_active = reader.safe_integer();
  attachment.presence = read_presence(reader);
  attachment.credential.issued_at_s = reader.safe_integer();
  attachment.credential.expires_at = reader.safe_integer();
  attachment.device_id = reader.text();
  attachment.attached_at = reader.safe_integer();
  attachment.counted_since = reader.safe_integer();
  attachment.metrics = Metrics::read_from(reader);
  attachment.connected_at = attachment.attached_at;
  attachment.seen_at = attachment.attached_at;
  if (format == kVersion2Format) attachment.version = ProtocolVersion::kVersion2;
  if (format != kPlainFormat) {
    attachment.credential.id = static_cast<std::uint64_t>(reader.i64());
    attachment.tab_id = reader.text();
    attachment.device_presence = read_presence(reader);
    attachment.connected_at = reader.safe_integer();
    attachment.seen_at = reader.safe_integer();
    attachment.shared = reader.text();
  }
  // Bytes that encode_attachment never writes are refused. That includes a format other than its
  // own choice: a plain one would lose fields when it is written again.
  const bool is_too_long = attachment.device_id.size() > kDeviceIdBytesMax ||
                           attachment.tab_id.size() > kV2DeviceIdBytesMax;
  if (!reader.finished() || is_too_long || format != format_of(attachment)) return std::nullopt;
  return attachment;
}

}  // namespace user_session
