#include "state/devices.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
  devices.add("two", 1'000, is_early);
  EXPECT_EQ(devices.find(name(7)), nullptr);
  devices.add("three", 1'000, is_early);
  EXPECT_EQ(devices.find(name(0)), nullptr) << "when all are here, too";
  EXPECT_EQ(devices.all().size(), kRememberedDevicesMax);
}

TEST(DevicesTest, TheNewestCredentialsOfADeviceAreRemembered) {
  RememberedDevice device;
  EXPECT_FALSE(device.add_credential(0)) << "it has no name";
  for (std::uint64_t id = 1; id <= kCredentialsMax + 1; ++id) {
    EXPECT_TRUE(device.add_credential(id));
    EXPECT_FALSE(device.add_credential(id)) << "no row is written for it again";
  }
  EXPECT_EQ(device.credential_ids, (std::vector<std::uint64_t>{2, 3, 4, 5}));
}

TEST(DevicesTest, TheyComeBackFromTheirBytes) {
  RememberedDevices devices = with(3);
  RememberedDevice& device = *devices.find(name(1));
  device.name = "\xc3\xa9";
  device.credential_ids = {1, 0xfedc'ba98'7654'3210};
  device.last_active = 77;
  RememberedDevices other = with(1);
  ASSERT_TRUE(restore(other, encoded(devices)));
  EXPECT_EQ(encoded(other), encoded(devices));
  const RememberedDevice& same = *other.find(name(1));
  EXPECT_EQ(same.name, "\xc3\xa9");
  EXPECT_EQ(same.credential_ids, (std::vector<std::uint64_t>{1, 0xfedc'ba98'7654'3210}));
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
  EXPECT_TRUE(is_refused(1, [](Device& device) { device.credential_ids = {0}; })) << "no name";
  EXPECT_TRUE(is_refused(1, [](Device& device) { device.credential_ids = {7, 7}; })) << "twice";
  EXPECT_TRUE(is_refused(1, [](Device& device) {
    device.credential_ids.clear();
    for (std::uint64_t id = 1; id <= kCredentialsMax + 1; ++id) device.credential_ids.push_back(id);
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
