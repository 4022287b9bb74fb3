#include "attachment.h"

#include "bytes.h"
#include "check.h"
#include "limits.h"

namespace user_session {
namespace {

// Of a device of version 1 where there is none of version 2.
constexpr std::uint8_t kVersion = 3;
// With what version 2 needs.
constexpr std::uint8_t kVersion2 = 4;

// Beside the header two times, the metrics, the dialect and a length.
constexpr std::size_t kFixedBytesMax = kAttachmentHeaderBytes + 16 + Metrics::kBytesMax + 1 + 4;

static_assert(kFixedBytesMax + kDeviceIdBytesMax <= kAttachmentBytesMax,
              "a device id must survive hibernation in its socket's attachment");

}  // namespace

std::size_t room_for_shared(std::string_view device_id) {
  return kAttachmentBytesMax - kFixedBytesMax - device_id.size();
}

void encode_attachment(const Attachment& attachment, std::string& out) {
  USER_SESSION_CHECK(attachment.device_id.size() <= kDeviceIdBytesMax);
  const bool is_plain = attachment.dialect == Dialect::kVersion1 && attachment.shared.empty();
  append_u8(out, is_plain ? kVersion : kVersion2);
  append_i64(out, attachment.order);
  append_i64(out, attachment.last_active);
  append_u8(out, static_cast<std::uint8_t>(attachment.presence));
  append_i64(out, attachment.credential.issued_at_s);
  append_i64(out, attachment.credential.expires_at);
  append_text(out, attachment.device_id);
  append_i64(out, attachment.attached_at);
  append_i64(out, attachment.counted_since);
  attachment.metrics.append_to(out);
  if (is_plain) return;
  append_u8(out, static_cast<std::uint8_t>(attachment.dialect));
  append_text(out, attachment.shared);
}

std::optional<Attachment> decode_attachment(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint8_t version = reader.u8();
  if (version != kVersion && version != kVersion2) return std::nullopt;
  Attachment attachment;
  attachment.order = reader.time();
  attachment.last_active = reader.time();
  const std::uint8_t presence = reader.u8();
  attachment.credential.issued_at_s = reader.i64();
  attachment.credential.expires_at = reader.i64();
  attachment.device_id = reader.text();
  attachment.attached_at = reader.time();
  attachment.counted_since = reader.time();
  attachment.metrics = Metrics::read_from(reader);
  auto dialect = static_cast<std::uint8_t>(Dialect::kVersion1);
  if (version == kVersion2) {
    dialect = reader.u8();
    attachment.shared = reader.text();
  }
  if (dialect < 1 || dialect > static_cast<std::uint8_t>(Dialect::kVersion2)) return std::nullopt;
  attachment.dialect = static_cast<Dialect>(dialect);
  if (!reader.finished() || presence > static_cast<std::uint8_t>(Presence::kOnline)) {
    return std::nullopt;
  }
  attachment.presence = static_cast<Presence>(presence);
  return attachment;
}

}  // namespace user_session
