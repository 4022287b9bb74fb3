#include "attachment.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "bytes.h"
#include "limits.h"

namespace user_session {
namespace {

using namespace std::string_view_literals;

std::string encoded(const Attachment& attachment) {
  std::string bytes;
  encode_attachment(attachment, bytes);
  return bytes;
}

Metrics some_metrics() {
  Metrics metrics;
  metrics.add(Counter::kWakes, 3);
  metrics.add(Counter::kAsleepMs, 1'795'383'198'465);
  metrics.add(Counter::kRowsWritten, kSafeIntegerMax);
  return metrics;
}

const Attachment kPhone = {.order = 7,
                           .last_active = 1'000'000,
                           .presence = Presence::kAway,
                           .credential = {.issued_at_s = 8, .expires_at = 9},
                           .device_id = "phone\0x"sv,
                           .attached_at = 1'000'005,
                           .counted_since = 5,
                           .metrics = some_metrics()};

TEST(AttachmentTest, ItsBytesStayThoseThatOpenSocketsCarryThroughADeploy) {
  Metrics metrics;
  metrics.add(Counter::kWakes, 129);
  EXPECT_EQ(encoded({.order = 2,
                     .last_active = 256,
                     .presence = Presence::kOnline,
                     .credential = {.issued_at_s = 4, .expires_at = 3},
                     .device_id = "D",
                     .attached_at = 6,
                     .counted_since = 5,
                     .metrics = metrics}),
            "\x03"
            "\x02\0\0\0\0\0\0\0"
            "\0\x01\0\0\0\0\0\0"
            "\x02"
            "\x04\0\0\0\0\0\0\0"
            "\x03\0\0\0\0\0\0\0"
            "\x01\0\0\0"
            "D"
            "\x06\0\0\0\0\0\0\0"
            "\x05\0\0\0\0\0\0\0"
            "\x12\0\0\0"
            "\x81\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv);
}

TEST(AttachmentTest, AllOfItComesBack) {
  for (const Presence presence : {Presence::kOffline, Presence::kAway, Presence::kOnline}) {
    Attachment attachment = kPhone;
    attachment.presence = presence;
    EXPECT_EQ(decode_attachment(encoded(attachment)), attachment);
  }
  const Attachment extreme = {.order = kSafeIntegerMax,
                              .last_active = kSafeIntegerMax,
                              .presence = Presence::kOffline,
                              .device_id = ""};
  EXPECT_EQ(decode_attachment(encoded(extreme)), extreme);
}

TEST(AttachmentTest, TheLongestDeviceIdFitsWhereThePlatformKeepsIt) {
  const std::string device_id(kDeviceIdBytesMax, 'x');
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::kCount; ++i) {
    metrics.add(static_cast<Counter>(i), kSafeIntegerMax);
  }
  const std::string bytes = encoded({.device_id = device_id, .metrics = metrics});
  EXPECT_LE(bytes.size(), kAttachmentBytesMax);
  EXPECT_EQ(decode_attachment(bytes), (Attachment{.device_id = device_id, .metrics = metrics}));
}

TEST(AttachmentTest, EveryTruncationIsRefused) {
  const std::string bytes = encoded(kPhone);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_attachment(std::string_view(bytes).substr(0, size))) << size << " bytes";
  }
}

TEST(AttachmentTest, DamagedBytesAreRefused) {
  const std::string good = encoded(kPhone);
  EXPECT_FALSE(decode_attachment(good + "x")) << "trailing byte";
  for (const char version : {'\0', '\x02', '\xff'}) {
    std::string bytes = good;
    bytes[0] = version;
    EXPECT_FALSE(decode_attachment(bytes)) << "version " << static_cast<int>(version);
  }
  std::string presence = good;
  presence[17] = 3;
  EXPECT_FALSE(decode_attachment(presence)) << "a presence that there is not";
  std::string length = good;
  length[37] = '\xff';
  EXPECT_FALSE(decode_attachment(length)) << "a device id of 4 GB";
}

TEST(AttachmentDeathTest, ADeviceIdThatWouldNotFitTrapsBeforeThePlatformThrows) {
  const std::string device_id(kDeviceIdBytesMax + 1, 'x');
  EXPECT_DEATH(encoded({.device_id = device_id}), "");
}

}  // namespace
}  // namespace user_session
