#include "format/attachment.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "format/bytes.h"
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
                           .metrics = some_metrics(),
                           .connected_at = 1'000'005,
                           .seen_at = 1'000'005};

// What a device of version 2 has besides.
Attachment v2_phone() {
  Attachment attachment = kPhone;
  attachment.credential.id = 0xfedc'ba98'7654'3210;
  attachment.version = ProtocolVersion::kVersion2;
  attachment.tab_id = "tab";
  attachment.device_presence = Presence::kOffline;
  attachment.connected_at = 900'000;
  attachment.seen_at = 999'000;
  attachment.shared = "of\0all"sv;
  return attachment;
}

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

// Where these change, every socket of version 2 that is open at a deploy is closed.
TEST(AttachmentTest, WhatVersion2NeedsComesBehindTheRest) {
  Attachment attachment = v2_phone();
  attachment.connected_at = 7;
  attachment.seen_at = 256;
  std::string expected = encoded(kPhone);
  expected[0] = '\x06';
  expected +=
      "\x10\x32\x54\x76\x98\xba\xdc\xfe"
      "\x03\0\0\0tab"
      "\0"
      "\x07\0\0\0\0\0\0\0"
      "\0\x01\0\0\0\0\0\0"
      "\x06\0\0\0of\0all"sv;
  EXPECT_EQ(encoded(attachment), expected);
}

// A device of version 1 is attached as before when version 2 has no use for it, so that a server of
// an earlier version still reads it.
TEST(AttachmentTest, ADeviceOfVersion1TakesTheNewFormOnlyForWhatItHasToCarry) {
  EXPECT_EQ(encoded(kPhone)[0], '\x03');
  Attachment attachment = kPhone;
  attachment.shared = "x";
  EXPECT_EQ(encoded(attachment)[0], '\x05');
  EXPECT_EQ(decode_attachment(encoded(attachment)), attachment);
  attachment = kPhone;
  attachment.credential.id = 1;
  EXPECT_EQ(encoded(attachment)[0], '\x05') << "a credential that may be ended by its name";
  EXPECT_EQ(decode_attachment(encoded(attachment)), attachment);
}

TEST(AttachmentTest, AllOfItComesBack) {
  for (const Presence presence : {Presence::kOffline, Presence::kAway, Presence::kOnline}) {
    Attachment attachment = kPhone;
    attachment.presence = presence;
    EXPECT_EQ(decode_attachment(encoded(attachment)), attachment);
    Attachment v2 = v2_phone();
    v2.device_presence = presence;
    EXPECT_EQ(decode_attachment(encoded(v2)), v2);
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

TEST(AttachmentTest, WhatHasRoomBesideTheLongestIdsFits) {
  const std::string tab_id(kV2DeviceIdBytesMax, 't');
  for (const std::size_t size : {kV2DeviceIdBytesMax, kDeviceIdBytesMax}) {
    const std::string device_id(size, 'x');
    const std::string shared(room_for_shared(device_id, tab_id), 's');
    Attachment attachment = v2_phone();
    attachment.metrics = {};
    for (std::size_t i = 0; i < Metrics::kCount; ++i) {
      attachment.metrics.add(static_cast<Counter>(i), kSafeIntegerMax);
    }
    attachment.device_id = device_id;
    attachment.tab_id = tab_id;
    attachment.shared = shared;
    const std::string bytes = encoded(attachment);
    EXPECT_LE(bytes.size(), kAttachmentBytesMax);
    EXPECT_EQ(decode_attachment(bytes), attachment);
  }
}

TEST(AttachmentTest, EveryTruncationIsRefused) {
  for (const std::string& bytes : {encoded(kPhone), encoded(v2_phone())}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_attachment(std::string_view(bytes).substr(0, size))) << size << " bytes";
    }
  }
}

TEST(AttachmentTest, DamagedBytesAreRefused) {
  const std::string good = encoded(kPhone);
  EXPECT_FALSE(decode_attachment(good + "x")) << "trailing byte";
  for (const char format : {'\0', '\x02', '\x04', '\x05', '\x07', '\xff'}) {
    std::string bytes = good;
    bytes[0] = format;
    EXPECT_FALSE(decode_attachment(bytes)) << "format " << static_cast<int>(format);
  }
  std::string presence = good;
  presence[17] = 3;
  EXPECT_FALSE(decode_attachment(presence)) << "a presence that there is not";
  std::string length = good;
  length[37] = '\xff';
  EXPECT_FALSE(decode_attachment(length)) << "a device id of 4 GB";
}

TEST(AttachmentTest, DamagedBytesOfVersion2AreRefused) {
  const std::string good = encoded(v2_phone());
  EXPECT_FALSE(decode_attachment(good + "x")) << "trailing byte";
  for (const char format : {'\x03', '\x04', '\x07'}) {
    std::string bytes = good;
    bytes[0] = format;
    EXPECT_FALSE(decode_attachment(bytes)) << "format " << static_cast<int>(format);
  }
  std::string presence = good;
  presence[encoded(kPhone).size() + 8 + 4 + 3] = 3;
  EXPECT_FALSE(decode_attachment(presence)) << "a presence that there is not";
}

// One that could be read and would be written otherwise loses what the other form has no place for.
TEST(AttachmentTest, WhatIsReadIsWrittenAsTheSameBytes) {
  for (const Attachment& attachment : {kPhone, v2_phone()}) {
    const std::string bytes = encoded(attachment);
    EXPECT_EQ(encoded(*decode_attachment(bytes)), bytes);
  }
  // A plain device of version 1 in the longer form, which encode_attachment never gives it.
  Attachment attachment = v2_phone();
  attachment.version = ProtocolVersion::kVersion1;
  std::string bytes = encoded(attachment);
  ASSERT_TRUE(decode_attachment(bytes));
  const std::size_t credential_at = encoded(kPhone).size();
  bytes.resize(bytes.size() - attachment.shared.size());
  bytes.replace(bytes.size() - 4, 4, "\0\0\0\0"sv);
  ASSERT_TRUE(decode_attachment(bytes)) << "it has a credential that may be ended by its name";
  bytes.replace(credential_at, 8, "\0\0\0\0\0\0\0\0"sv);
  EXPECT_FALSE(decode_attachment(bytes)) << "it is written without its tab and its times";
}

TEST(AttachmentTest, WhatIsNeverWrittenIsRefused) {
  const std::string good = encoded(kPhone);
  const auto with_i64 = [&](std::size_t at, std::string_view value) {
    std::string bytes = good;
    return bytes.replace(at, 8, value);
  };
  const std::string_view unsafe = "\0\0\0\0\0\0\x20\0"sv;
  for (const std::size_t at : {1U, 9U, 18U, 26U}) {
    EXPECT_TRUE(decode_attachment(with_i64(at, "\xff\xff\xff\xff\xff\xff\x1f\0"sv))) << at;
    EXPECT_FALSE(decode_attachment(with_i64(at, unsafe))) << at << ": 2^53";
  }
  std::string longer = good;
  longer.replace(34, 4, "\x01\x04\0\0"sv);
  longer.insert(38, std::string(kDeviceIdBytesMax + 1 - kPhone.device_id.size(), 'x'));
  EXPECT_FALSE(decode_attachment(longer)) << "a device id of 1,025 bytes";
  const std::string v2 = encoded(v2_phone());
  const std::size_t tab_at = good.size() + 8;
  longer = v2;
  longer.replace(tab_at, 4, "\x81\0\0\0"sv);
  longer.insert(tab_at + 4, std::string(kV2DeviceIdBytesMax + 1 - 3, 'x'));
  EXPECT_FALSE(decode_attachment(longer)) << "the id of a tab of 129 bytes";
}

TEST(AttachmentDeathTest, ADeviceIdThatWouldNotFitTrapsBeforeThePlatformThrows) {
  const std::string device_id(kDeviceIdBytesMax + 1, 'x');
  EXPECT_DEATH(encoded({.device_id = device_id}), "");
}

}  // namespace
}  // namespace user_session
