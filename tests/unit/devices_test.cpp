#include "state/devices.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "credential.h"
#include "digest.h"
#include "format/bytes.h"
#include "limits.h"

namespace user_session {
namespace {

constexpr auto kNobody = [](std::string_view) { return false; };

std::string name(std::size_t number) { return "device-" + std::to_string(number); }

// The device of number i was here at the time i.
RememberedDevices with(std::size_t count) {
  RememberedDevices devices;
  for (std::size_t i = 0; i < count; ++i) devices.add(name(i), static_cast<TimeMs>(i), kNobody);
  return devices;
}

std::string encoded(const RememberedDevices& devices) {
  std::string bytes;
  devices.encode(bytes);
  return bytes;
}

Credential session(std::size_t number, std::int64_t issued_at_s = 900) {
  Credential credential = {.issued_at_s = issued_at_s, .name = {}};
  identify(credential, {.session = "session-" + std::to_string(number), .token = kNoText});
  return credential;
}

bool restore(RememberedDevices& devices, std::string_view bytes) {
  ByteReader reader(bytes);
  return devices.restore(reader) && reader.finished();
}

TEST(DevicesTest, ADeviceIsRememberedFromWhenItWasFirstSeen) {
  RememberedDevices devices;
  EXPECT_EQ(devices.find("phone"), nullptr);
  RememberedDevice& phone = devices.add("phone", 5, kNobody);
  EXPECT_EQ(phone.id, "phone");
  EXPECT_EQ(phone.first_seen, 5);
  EXPECT_EQ(phone.last_active, 5);
  phone.name = "Work";
  EXPECT_EQ(devices.find("phone")->name, "Work");
  EXPECT_EQ(devices.all().size(), 1U);
}

// Whoever comes with a new id each time must not fill the row, and those in use must stay.
TEST(DevicesTest, OfTooManyTheOneThatWasAwayForLongestIsForgotten) {
  RememberedDevices devices = with(kRememberedDevicesMax);
  devices.find(name(0))->last_active = 1'000;
  devices.add("new", 2'000, kNobody);
  EXPECT_EQ(devices.all().size(), kRememberedDevicesMax);
  EXPECT_NE(devices.find(name(0)), nullptr) << "it was here since";
  EXPECT_EQ(devices.find(name(1)), nullptr);
  EXPECT_NE(devices.find(name(2)), nullptr);
  EXPECT_NE(devices.find("new"), nullptr);
}

// One that is forgotten while it is connected could not be ended when it has gone.
TEST(DevicesTest, ThoseThatAreHereAreForgottenLast) {
  RememberedDevices devices = with(kRememberedDevicesMax);
  const auto is_early = [](std::string_view id) { return id != name(5) && id != name(7); };
  devices.add("one", 1'000, is_early);
  EXPECT_EQ(devices.find(name(5)), nullptr);
  EXPECT_TRUE(devices.find("one")->has_forgotten) << "it may have been here before";
  devices.add("two", 1'000, is_early);
  EXPECT_EQ(devices.find(name(7)), nullptr);
  devices.add("three", 1'000, is_early);
  EXPECT_EQ(devices.find(name(0)), nullptr) << "when all are here, too";
  EXPECT_EQ(devices.all().size(), kRememberedDevicesMax);
}

TEST(DevicesTest, TheNewestCredentialsOfADeviceAreRemembered) {
  RememberedDevice device;
  EXPECT_FALSE(device.add_credential({})) << "nobody can end a trusted one";
  for (std::size_t i = 1; i <= kCredentialsMax; ++i) {
    EXPECT_TRUE(device.add_credential(session(i)));
    EXPECT_FALSE(device.add_credential(session(i, 950))) << "no row is written for a renewal";
  }
  EXPECT_EQ(device.credentials.front(), session(1));
  EXPECT_FALSE(device.has_forgotten);
  EXPECT_TRUE(device.add_credential(session(kCredentialsMax + 1)));
  EXPECT_EQ(device.credentials.size(), kCredentialsMax);
  EXPECT_EQ(device.credentials.front(), session(2));
  EXPECT_EQ(device.credentials.back(), session(kCredentialsMax + 1));
  EXPECT_TRUE(device.has_forgotten) << "whoever ends the device is told that it was not all";
}

// One credential of a sign-in is enough, since ending it ends all.
TEST(DevicesTest, OneCredentialOfEachSignInIsRemembered) {
  const auto token = [](std::string_view id, bool is_sign_in_time) {
    Credential credential = {.issued_at_s = 900, .name = {}, .is_sign_in_time = is_sign_in_time};
    identify(credential, {.session = kNoText, .token = id});
    return credential;
  };
  RememberedDevice device;
  EXPECT_TRUE(device.add_credential(token("a", true)));
  EXPECT_FALSE(device.add_credential(token("b", true))) << "it is of the same sign-in";
  EXPECT_TRUE(device.add_credential(token("a", false)));
  EXPECT_TRUE(device.add_credential(token("b", false)));
}

TEST(DevicesTest, CredentialsThatWereEndedMakeRoom) {
  RememberedDevices devices = with(2);
  RememberedDevice& device = *devices.find(name(0));
  for (std::size_t i = 0; i <= kCredentialsMax; ++i) device.add_credential(session(i));
  const auto is_second = [](const Credential& credential) { return credential == session(2); };
  devices.forget_ended(false, is_second);
  EXPECT_EQ(device.credentials.size(), kCredentialsMax - 1);
  EXPECT_TRUE(device.has_forgotten) << "what was forgotten may be valid still";
  devices.forget_ended(true, [](const Credential&) { return true; });
  EXPECT_TRUE(device.credentials.empty());
  EXPECT_FALSE(device.has_forgotten);
}

// A name is the user's data; the credentials are what a logout needs.
TEST(DevicesTest, ClearingForgetsNamesAlone) {
  RememberedDevices devices = with(1);
  RememberedDevice& device = *devices.find(name(0));
  device.name = "Work";
  device.add_credential(session(1));
  devices.forget_names();
  EXPECT_EQ(device.name, "");
  EXPECT_EQ(device.credentials, (std::vector{session(1)}));
  EXPECT_TRUE(devices.is_unstored());
  RememberedDevices none;
  none.forget_names();
  EXPECT_FALSE(none.is_unstored()) << "there is nothing to store";
}

TEST(DevicesTest, TheyComeBackFromTheirBytes) {
  RememberedDevices devices = with(3);
  RememberedDevice& device = *devices.find(name(1));
  device.name = "\xc3\xa9";
  const Credential full = {.issued_at_s = 5,
                           .expires_at = 7'000,
                           .sign_in = digest_of("s"),
                           .token = digest_of("t"),
                           .name = "s",
                           .is_sign_in_known = true,
                           .is_sign_in_time = true};
  device.credentials = {full, session(1)};
  device.has_forgotten = true;
  device.last_active = 77;
  RememberedDevices other = with(1);
  ASSERT_TRUE(restore(other, encoded(devices)));
  EXPECT_EQ(encoded(other), encoded(devices));
  const RememberedDevice& same = *other.find(name(1));
  EXPECT_EQ(same.name, "\xc3\xa9");
  EXPECT_EQ(same.credentials, (std::vector{full, session(1)}));
  EXPECT_TRUE(same.has_forgotten);
  EXPECT_EQ(same.first_seen, 1);
  EXPECT_EQ(same.last_active, 77);
}

TEST(DevicesTest, EveryTruncationIsRefused) {
  const std::string bytes = encoded(with(2));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    RememberedDevices devices;
    EXPECT_FALSE(restore(devices, bytes.substr(0, size))) << size << " bytes";
    ByteReader old(std::string_view(bytes).substr(0, size));
    EXPECT_FALSE(devices.restore_old(old) && old.finished()) << size << " bytes of release 0.1.0";
  }
  RememberedDevices devices;
  EXPECT_FALSE(restore(devices, std::string(4, '\xff'))) << "a count beyond the bytes";
}

TEST(DevicesTest, WhatIsNeverWrittenIsRefused) {
  RememberedDevices taken;
  EXPECT_TRUE(restore(taken, encoded(with(kRememberedDevicesMax))));
  const auto is_refused = [](std::size_t count, auto change) {
    RememberedDevices devices = with(count);
    change(*devices.find(name(count - 1)));
    RememberedDevices other;
    return !restore(other, encoded(devices));
  };
  using Device = RememberedDevice;
  const std::string long_id(kV2DeviceIdBytesMax + 1, 'x');
  EXPECT_TRUE(is_refused(2, [](Device& device) { device.id = name(0); })) << "twice";
  EXPECT_TRUE(is_refused(2, [&](Device& device) { device.id = long_id; })) << "too long an id";
  EXPECT_TRUE(is_refused(2, [&](Device& device) { device.name = long_id; })) << "too long a name";
  EXPECT_FALSE(is_refused(1, [](Device& device) { device.credentials = {session(7)}; }));
  EXPECT_TRUE(is_refused(1, [](Device& device) { device.credentials = {Credential{}}; }))
      << "a trusted one";
  EXPECT_TRUE(is_refused(1, [](Device& device) {
    device.credentials = {session(7), session(7, 950)};
  })) << "twice";
  EXPECT_TRUE(is_refused(1, [](Device& device) {
    device.credentials = {session(7)};
    device.credentials[0].name = std::string(kCredentialNameBytesMax + 1, 'x');
  })) << "too long a name";
  EXPECT_TRUE(is_refused(1, [](Device& device) {
    for (std::size_t i = 0; i <= kCredentialsMax; ++i) device.credentials.push_back(session(i));
  })) << "too many credentials";
  // One device more than the others', in front of theirs.
  constexpr std::size_t kCountBytes = 4;
  std::string many;
  append_u32(many, static_cast<std::uint32_t>(kRememberedDevicesMax + 1));
  RememberedDevices one_more;
  one_more.add("one more", 0, kNobody);
  many += encoded(one_more).substr(kCountBytes);
  many += encoded(with(kRememberedDevicesMax)).substr(kCountBytes);
  EXPECT_FALSE(restore(taken, many));
}

}  // namespace
}  // namespace user_session
