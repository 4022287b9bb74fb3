#include "attachment.h"

#include "bytes.h"
#include "check.h"
#include "limits.h"

namespace user_session {
namespace {

// Sockets live through a deploy of new code only as long as the platform lets them, so one known
// version is enough.
constexpr std::uint8_t kVersion = 3;

static_assert(kAttachmentHeaderBytes + kDeviceIdBytesMax + 16 + Metrics::kBytesMax <=
                  kAttachmentBytesMax,
              "a device id must survive hibernation in its socket's attachment");

}  // namespace

void encode_attachment(const Attachment& attachment, std::string& out) {
  USER_SESSION_CHECK(attachment.device_id.size() <= kDeviceIdBytesMax);
  append_u8(out, kVersion);
  append_i64(out, attachment.order);
  append_i64(out, attachment.last_active);
  append_u8(out, static_cast<std::uint8_t>(attachment.presence));
  append_i64(out, attachment.credential.issued_at_s);
  append_i64(out, attachment.credential.expires_at);
  append_text(out, attachment.device_id);
  append_i64(out, attachment.attached_at);
  append_i64(out, attachment.counted_since);
  attachment.metrics.append_to(out);
}

std::optional<Attachment> decode_attachment(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.u8() != kVersion) return std::nullopt;
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
  if (!reader.finished() || presence > static_cast<std::uint8_t>(Presence::kOnline)) {
    return std::nullopt;
  }
  attachment.presence = static_cast<Presence>(presence);
  return attachment;
}

}  // namespace user_session
