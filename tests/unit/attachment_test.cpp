#include "format/attachment.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "credential.h"
#include "digest.h"
#include "format/bytes.h"
#include "format/credential_bytes.h"
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

Metrics most_metrics() {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::kCount; ++i) {
    metrics.add(static_cast<Counter>(i), kSafeIntegerMax);
  }
  return metrics;
}

const Credential kSession = {.issued_at_s = 8,
                             .expires_at = 9,
                             .sign_in = digest_of("session"),
                             .token = digest_of("token"),
                             .name = "session",
                             .is_sign_in_known = true,
                             .is_sign_in_time = true};

// All fields have a value of their own.
const Attachment kPhone = {.order = 7,
                           .last_active = 1'000'000,
                           .presence = Presence::kAway,
                           .credential = kSession,
                           .device_id = "phone\0x"sv,
                           .attached_at = 1'000'005,
                           .counted_since = 5,
                           .metrics = some_metrics(),
                           .tab_id = "tab",
                           .run = "phone-run-0000001",
                           .device_presence = Presence::kOffline,
                           .connected_at = 900'000,
                           .seen_at = 999'000,
                           .shared = "of\0all"sv};

Attachment v2_phone() {
  Attachment attachment = kPhone;
  attachment.version = ProtocolVersion::kVersion2;
  return attachment;
}

// Where these change, every socket that is open at a deploy is closed.
TEST(AttachmentTest, ItsBytesStayThoseThatOpenSocketsCarryThroughADeploy) {
  Metrics metrics;
  metrics.add(Counter::kWakes, 129);
  const Attachment attachment = {.order = 2,
                                 .last_active = 256,
                                 .presence = Presence::kOnline,
                                 .credential = {.issued_at_s = 4,
                                                .expires_at = 3,
                                                .sign_in = {'s'},
                                                .token = {'t', 'o'},
                                                .name = "s-1",
                                                .is_sign_in_known = true},
                                 .device_id = "D",
                                 .attached_at = 6,
                                 .counted_since = 5,
                                 .metrics = metrics,
                                 .tab_id = "tab",
                                 .run = "run",
                                 .device_presence = Presence::kAway,
                                 .connected_at = 7,
                                 .seen_at = 8,
                                 .shared = "of\0all"sv};
  const std::string expected(
      "\x07"
      "\x38\0\0\0"
      "\x02\0\0\0\0\0\0\0"
      "\0\x01\0\0\0\0\0\0"
      "\x02"
      "\x06\0\0\0\0\0\0\0"
      "\x05\0\0\0\0\0\0\0"
      "\x13\0\0\0"
      "\x81\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
      "\x06\0\0\0of\0all"
      "\x01\0\0\0"
      "D"
      "\x03\0\0\0tab"
      "\x04\0\0\0\0\0\0\0"
      "\x03\0\0\0\0\0\0\0"
      "s\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
      "to\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
      "\x03\0\0\0s-1"
      "\x01\0"
      "\x01"
      "\x07\0\0\0\0\0\0\0"
      "\x08\0\0\0\0\0\0\0"
      "\x03\0\0\0run"sv);
  EXPECT_EQ(encoded(attachment), expected);
  Attachment v2 = attachment;
  v2.version = ProtocolVersion::kVersion2;
  EXPECT_EQ(encoded(v2), '\x08' + expected.substr(1));
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

TEST(AttachmentTest, WhatHasRoomBesideTheLongestTextsFitsWhereThePlatformKeepsIt) {
  const std::string tab_id(kV2DeviceIdBytesMax, 't');
  const std::string run(kRunBytesMax, 'r');
  const std::string rest(kRestBytesMax / 4, 'z');
  const std::string name(kCredentialNameBytesMax, 'n');
  for (const std::size_t size : {kV2DeviceIdBytesMax, kDeviceIdBytesMax}) {
    const std::string device_id(size, 'x');
    Attachment attachment = v2_phone();
    attachment.metrics = most_metrics();
    attachment.credential.name = name;
    attachment.device_id = device_id;
    attachment.tab_id = tab_id;
    attachment.run = run;
    attachment.user_rest = attachment.metrics_rest = attachment.rest = rest;
    const std::string shared(room_for_shared(attachment), 's');
    attachment.shared = shared;
    const std::string bytes = encoded(attachment);
    EXPECT_LE(bytes.size(), kAttachmentBytesMax);
    EXPECT_GT(bytes.size(), kAttachmentBytesMax - Metrics::kBytesMax);
    EXPECT_EQ(decode_attachment(bytes), attachment);
  }
}

TEST(AttachmentTest, EveryTruncationIsRefusedButForTheNewestField) {
  for (const std::string& bytes : {encoded(kPhone), encoded(v2_phone())}) {
    const std::size_t run_at = bytes.size() - 4 - kPhone.run.size();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(decode_attachment(std::string_view(bytes).substr(0, size)).has_value(),
                size == run_at)
          << size << " bytes";
    }
  }
}

TEST(AttachmentTest, DamagedBytesAreRefused) {
  const std::string good = encoded(kPhone);
  for (const char format : {'\0', '\x02', '\x03', '\x04', '\x05', '\x06', '\x09', '\xff'}) {
    std::string bytes = good;
    bytes[0] = format;
    EXPECT_FALSE(decode_attachment(bytes)) << "format " << static_cast<int>(format);
  }
  const auto with = [&](std::size_t at, char byte) {
    std::string bytes = good;
    bytes[at] = byte;
    return bytes;
  };
  constexpr std::size_t kUserAt = 1 + 4;
  EXPECT_FALSE(decode_attachment(with(kUserAt + 16, 3))) << "a presence that there is not";
  const std::size_t device_presence_at = good.size() - 4 - kPhone.run.size() - 16 - 1;
  EXPECT_FALSE(decode_attachment(with(device_presence_at, 3))) << "a presence of the device";
  EXPECT_FALSE(decode_attachment(with(device_presence_at - 1, 2))) << "a flag that is none";
  EXPECT_FALSE(decode_attachment(with(4, '\xff'))) << "a user's part of 4 GB";
  EXPECT_FALSE(decode_attachment(with(1, '\x05'))) << "a user's part that is cut off";
  EXPECT_FALSE(decode_attachment(with(kUserAt + 33 + 3, '\xff'))) << "metrics of 4 GB";
}

// One that could be read and would be written otherwise loses what the other form has no place for.
TEST(AttachmentTest, WhatIsReadIsWrittenAsTheSameBytes) {
  for (const Attachment& attachment : {kPhone, v2_phone()}) {
    const std::string bytes = encoded(attachment);
    EXPECT_EQ(encoded(*decode_attachment(bytes)), bytes);
  }
}

TEST(AttachmentTest, WhatIsNeverWrittenIsRefused) {
  const std::string good = encoded(kPhone);
  constexpr std::size_t kUserAt = 1 + 4;
  const std::size_t end = good.size() - 4 - kPhone.run.size();
  const std::size_t credential_at =
      end - 16 - 1 - kCredentialBytesMin - kPhone.credential.name.size();
  for (const std::size_t at : {kUserAt, kUserAt + 8, kUserAt + 17, kUserAt + 25, end - 8, end - 16,
                               credential_at, credential_at + 8}) {
    std::string bytes = good;
    EXPECT_TRUE(decode_attachment(bytes.replace(at, 8, "\xff\xff\xff\xff\xff\xff\x1f\0"sv))) << at;
    EXPECT_FALSE(decode_attachment(bytes.replace(at, 8, "\0\0\0\0\0\0\x20\0"sv))) << at << ": 2^53";
  }
  const auto with_text = [&](std::string_view text, std::size_t size) {
    std::string bytes = good;
    std::string old;
    append_text(old, text);
    std::string longer;
    append_text(longer, std::string(size, 'x'));
    return bytes.replace(bytes.find(old), old.size(), longer);
  };
  for (const auto& [text, size_max] :
       {std::pair(std::string_view(kPhone.credential.name), kCredentialNameBytesMax),
        std::pair(kPhone.device_id, kDeviceIdBytesMax),
        std::pair(kPhone.tab_id, kV2DeviceIdBytesMax), std::pair(kPhone.run, kRunBytesMax)}) {
    EXPECT_TRUE(decode_attachment(with_text(text, size_max))) << text;
    EXPECT_FALSE(decode_attachment(with_text(text, size_max + 1))) << text;
  }
}

// A later release that adds more than there is room for would push frames and runs out.
TEST(AttachmentTest, MoreUnknownBytesThanThereIsRoomForAreRefused) {
  const std::string good = encoded(kPhone);
  EXPECT_TRUE(decode_attachment(good + std::string(kRestBytesMax, 'x')));
  EXPECT_FALSE(decode_attachment(good + std::string(kRestBytesMax + 1, 'x')));
}

TEST(AttachmentDeathTest, ADeviceIdThatWouldNotFitTrapsBeforeThePlatformThrows) {
  const std::string device_id(kDeviceIdBytesMax + 1, 'x');
  EXPECT_DEATH(encoded({.device_id = device_id}), "");
}

}  // namespace
}  // namespace user_session
