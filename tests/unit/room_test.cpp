// Each record has room at its end (format/bytes.h): what a later release has appended is kept and
// written back, and a field that an earlier release has not written has a safe default. So a deploy
// and its roll-back cost no socket, no place and no row.
#include <gtest/gtest.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "digest.h"
#include "format/bytes.h"
#include "format/credential_bytes.h"
#include "host.h"
#include "scenario.h"

namespace user_session {
namespace {

// The way to a record within another: so many bytes, then so many texts, then so many bytes.
struct Step {
  std::size_t bytes = 0;
  std::uint32_t texts = 0;
  std::size_t more_bytes = 0;
};
using Path = std::vector<Step>;

std::uint32_t length_at(std::string_view bytes, std::size_t at) {
  return ByteReader(bytes.substr(at)).u32();
}

std::size_t place_of(std::string_view bytes, const Step& step) {
  std::size_t at = step.bytes;
  for (std::uint32_t i = 0; i < step.texts; ++i) at += 4 + length_at(bytes, at);
  return at + step.more_bytes;
}

std::string record_at(std::string_view bytes, std::span<const Step> path) {
  if (path.empty()) return std::string(bytes);
  const std::size_t at = place_of(bytes, path.front());
  return record_at(bytes.substr(at + 4, length_at(bytes, at)), path.subspan(1));
}

using Change = std::function<std::string(std::string)>;

// The bytes with a changed record, and with the lengths of all that it is in.
std::string changed(const std::string& bytes, std::span<const Step> path, const Change& change) {
  if (path.empty()) return change(bytes);
  const std::size_t at = place_of(bytes, path.front());
  const std::uint32_t length = length_at(bytes, at);
  std::string out = bytes.substr(0, at);
  append_text(out, changed(bytes.substr(at + 4, length), path.subspan(1), change));
  return out + bytes.substr(at + 4 + length);
}

constexpr ConnectionId kPhone = 1;
constexpr ConnectionId kLaptop = 2;

void run(Host& host, const std::vector<std::string>& commands) {
  for (const std::string& command : commands) run_command(host, command);
}

// The words of all effects of a command.
std::string told(Host& host, const std::string& command) {
  std::string lines;
  for (const std::string& line : run_command(host, command)) lines += line + '\n';
  return lines;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Two devices are connected; every row and every list has something in it. The phone carries what
// all need.
Host connected() {
  Host host;
  run(host,
      {"at 1000000", "wake alice", "credential 900 0 phone-session",
       "connect2 1 phone/t1 run=phone-run-0000001", "credential 900 0 laptop-session",
       "connect2 2 laptop/t2 run=laptop-run-000001", "credential 900 0 tablet-session",
       "connect2 3 tablet", "disconnect 3", "logout tablet", "credential 900 0 phone-session",
       R"(frame 1 {"type":"set_device","name":"Work","id":"phone-run-0000001.1"})",
       R"(frame 2 {"type":"broadcast","event":"e","id":"laptop-run-000001.1"})",
       R"(frame 1 {"type":"broadcast","event":"e","id":"phone-run-0000001.2"})",
       R"(push2 900 kept-id - - {"type":"message"})", R"(push2 - other-id - - {"type":"x"})"});
  return host;
}

Host away() {
  Host host = connected();
  run(host, {"disconnect 1", "disconnect 2"});
  return host;
}

// A row or an attachment, and what writes it anew.
struct Unit {
  Host (*story)();
  std::string& (*bytes)(Host&);
  std::vector<std::string> rewriting;
};

const Unit kRow = {.story = away,
                   .bytes = [](Host& host) -> std::string& { return *host.stored; },
                   .rewriting = {R"(push {"type":"y"})"}};
const Unit kLogout = {.story = away,
                      .bytes = [](Host& host) -> std::string& { return *host.stored_logout; },
                      .rewriting = {"logout phone"}};
const Unit kInbox = {.story = away,
                     .bytes = [](Host& host) -> std::string& { return *host.stored_inbox; },
                     .rewriting = {R"(push2 - new-id - - {"type":"y"})"}};
const Unit kMessage = {.story = away,
                       .bytes = [](Host& host) -> std::string& { return host.stored_messages[0]; },
                       .rewriting = {}};
const Unit kCarrier = {
    .story = connected,
    .bytes = [](Host& host) -> std::string& { return host.sockets[kPhone].attachment; },
    .rewriting = {"after 2000", R"(frame 1 {"type":"broadcast","event":"e"})"}};
const Unit kOther = {
    .story = connected,
    .bytes = [](Host& host) -> std::string& { return host.sockets[kLaptop].attachment; },
    .rewriting = {"after 2000", R"(frame 2 {"type":"broadcast","event":"e"})"}};

// The ways, each from the one that it is in.
const Path kWhole = {};
constexpr Step kExtension = {.bytes = 1 + 8 + 4};
constexpr Step kSequence = {.bytes = 1};
constexpr Step kRuns = {.bytes = 1, .texts = 1};
constexpr Step kDevices = {.bytes = 1, .texts = 2};
// The version of a value that was changed last stands behind the devices; nobody has changed one.
constexpr std::size_t kVersionBytes = 1;
constexpr Step kFirst = {.bytes = 4};
constexpr Step kEpochs = {.bytes = 8 + 1};
// Behind the epochs and the numbers of the journal.
constexpr Step kFrames = {.bytes = 8 + 1, .texts = 1, .more_bytes = 8 + 8};
constexpr Step kFirstOfAll = {};
constexpr Step kUser = {.bytes = 1};
constexpr Step kMetrics = {.bytes = 8 + 8 + 1 + 8 + 8};
constexpr Step kShared = {.bytes = 1, .texts = 1};
constexpr Step kSharedSequence = {};
constexpr Step kSharedRuns = {.texts = 1};

struct Record {
  std::string name;
  const Unit& unit;
  Path path;
};

const std::vector<Record>& records() {
  static const std::vector<Record> the_records = {
      {"snapshot", kRow, kWhole},
      {"extension", kRow, {kExtension}},
      {"sequence in the row", kRow, {kExtension, kSequence}},
      {"complete epoch", kRow, {kExtension, kSequence, kEpochs, kFirstOfAll}},
      {"frame of the journal", kRow, {kExtension, kSequence, kFrames, kFirstOfAll}},
      {"runs", kRow, {kExtension, kRuns}},
      {"run", kRow, {kExtension, kRuns, kFirst}},
      {"devices", kRow, {kExtension, kDevices}},
      {"device", kRow, {kExtension, kDevices, kFirst}},
      {"logout", kLogout, kWhole},
      {"inbox", kInbox, kWhole},
      {"message", kMessage, kWhole},
      {"attachment of the carrier", kCarrier, kWhole},
      {"attachment of another", kOther, kWhole},
      {"user's part", kCarrier, {kUser}},
      {"metrics", kCarrier, {kUser, kMetrics}},
      {"what is shared", kCarrier, {kShared}},
      {"sequence in the attachment", kCarrier, {kShared, kSharedSequence}},
      {"runs in the attachment", kCarrier, {kShared, kSharedRuns}},
      {"run in the attachment", kCarrier, {kShared, kSharedRuns, kFirst}},
  };
  return the_records;
}

TEST(RoomTest, WhatALaterReleaseHasAppendedIsWrittenBack) {
  for (const Record& record : records()) {
    SCOPED_TRACE(record.name);
    Host host = record.unit.story();
    std::string& bytes = record.unit.bytes(host);
    const std::size_t size = record_at(bytes, record.path).size();
    bytes = changed(bytes, record.path, [](const std::string& text) { return text + "later"; });
    const std::string before = bytes;
    EXPECT_FALSE(has(told(host, "sleep"), "\nlog ") || has(told(host, "sleep"), "expel"));
    run(host, record.unit.rewriting);
    const std::string& after = record.unit.bytes(host);
    EXPECT_EQ(after != before, !record.unit.rewriting.empty()) << "it was written anew";
    EXPECT_TRUE(record_at(after, record.path).ends_with("later"));
    EXPECT_GT(record_at(after, record.path).size(), size - 5);
  }
}

TEST(RoomTest, WhatALaterReleaseHasAppendedIsKeptThroughManySleeps) {
  for (const Record& record : records()) {
    SCOPED_TRACE(record.name);
    Host host = record.unit.story();
    std::string& bytes = record.unit.bytes(host);
    bytes = changed(bytes, record.path, [](const std::string& text) { return text + "later"; });
    for (int i = 0; i < 3; ++i) {
      run(host, {"sleep"});
      run(host, record.unit.rewriting);
      ASSERT_TRUE(record_at(record.unit.bytes(host), record.path).ends_with("later"));
    }
  }
}

// Wakes the story of a unit with a record that is so many bytes shorter.
Host without_newest(const Unit& unit, const Path& path, std::size_t size) {
  Host host = unit.story();
  std::string& bytes = unit.bytes(host);
  bytes = changed(bytes, path, [&](const std::string& text) {
    EXPECT_GT(text.size(), size);
    return text.substr(0, text.size() - size);
  });
  const std::string waking = told(host, "sleep");
  EXPECT_FALSE(has(waking, "log ") || has(waking, "expel") || has(waking, "quarantine")) << waking;
  return host;
}

std::size_t record_size(const Unit& unit, const Path& path) {
  Host host = unit.story();
  return record_at(unit.bytes(host), path).size() + 4;
}

TEST(RoomTest, WithoutAnExtensionNobodyHasAPlace) {
  Host host = without_newest(kRow, kWhole, record_size(kRow, {kExtension}));
  EXPECT_TRUE(has(told(host, "connect2 1 phone since=^.5"), R"("reset":true)"));
}

TEST(RoomTest, WithoutDevicesTheOthersAreKnown) {
  Host host =
      without_newest(kRow, {kExtension}, record_size(kRow, {kExtension, kDevices}) + kVersionBytes);
  EXPECT_TRUE(has(told(host, "devices"), R"({"devices":[]})"));
  EXPECT_FALSE(has(told(host, "connect2 1 phone since=^.5"), R"("reset":true)"));
}

// A request of which nothing is known must not be done.
TEST(RoomTest, WithoutRunsNothingIsKnownOfARequest) {
  const std::string again =
      R"(frame 1 {"type":"broadcast","event":"e","id":"phone-run-0000001.2","again":true})";
  const std::size_t size = record_size(kRow, {kExtension, kDevices}) +
                           record_size(kRow, {kExtension, kRuns}) + kVersionBytes;
  Host host = without_newest(kRow, {kExtension}, size);
  run(host, {"connect2 1 phone/t1 run=phone-run-0000001"});
  EXPECT_TRUE(has(told(host, again), R"("code":"too_old")"));
  host = without_newest(kCarrier, {kShared}, record_size(kCarrier, {kShared, kSharedRuns}));
  EXPECT_TRUE(has(told(host, again), R"("code":"too_old")"));
}

TEST(RoomTest, WithoutItsBitsARunKnowsItsHighestNumberAlone) {
  for (const auto& [unit, path] :
       {std::pair(kRow, Path{kExtension, kRuns, {.bytes = 4, .texts = 1}}),
        std::pair(kCarrier, Path{kShared, kSharedRuns, {.bytes = 4, .texts = 1}})}) {
    Host host = without_newest(unit, path, 8);
    if (host.sockets.empty()) run(host, {"connect2 1 phone/t1 run=phone-run-0000001"});
    const std::string request =
        R"(frame 1 {"type":"broadcast","event":"e","id":"phone-run-0000001.)";
    EXPECT_TRUE(has(told(host, request + R"(2","again":true})"), R"("repeated":true)"));
    EXPECT_TRUE(has(told(host, request + R"(1","again":true})"), R"("code":"too_old")"));
    EXPECT_TRUE(has(told(host, request + R"(3"})"), R"("type":"ack")")) << "and it goes on";
    EXPECT_TRUE(has(told(host, request + R"(4","again":true})"), R"("type":"ack")"));
  }
}

// The devices that were missing when the last one left.
constexpr std::size_t kMissingOneBytes = sizeof(Digest) + 8;
constexpr std::size_t kMissingBytes = 4 + (3 * kMissingOneBytes);

TEST(RoomTest, WithoutItsTimeADeviceOfVersion2WasHereLongAgo) {
  Host host = without_newest(kRow, {kExtension, kSequence}, 8 + kMissingBytes);
  EXPECT_FALSE(has(told(host, "connect2 1 phone since=^.5"), R"("reset":true)"));
  host = without_newest(kRow, {kExtension, kSequence}, 8 + kMissingBytes);
  run(host, {R"(push {"type":"y"})"});
  EXPECT_TRUE(has(told(host, "connect2 1 phone since=^.5"), R"("reset":true)"))
      << "what was not counted is not skipped in silence";
}

TEST(RoomTest, WithoutItsLastNumberAnEpochHasNoPlaceButItsBeginning) {
  Host host = without_newest(kRow, {kExtension, kSequence, kEpochs, {.texts = 1}}, 8);
  EXPECT_TRUE(has(told(host, "connect2 1 phone since=^.5"), R"("reset":true)"));
}

TEST(RoomTest, WithoutCredentialsADeviceCameByNone) {
  const std::size_t size = 4 + kCredentialBytesMin + std::string_view("phone-session").size() + 1;
  Host host = without_newest(kRow, {kExtension, kDevices, kFirst}, size);
  EXPECT_TRUE(has(told(host, "devices"), R"("deviceId":"phone","name":"Work")"));
}

TEST(RoomTest, WithoutItsLastFieldADeviceHasForgottenNothing) {
  Host host = without_newest(kRow, {kExtension, kDevices, kFirst}, 1);
  EXPECT_FALSE(has(told(host, "logout phone"), "complete"));
}

TEST(RoomTest, WithoutPushIdsTheInboxHasItsNumbersAndThoseOfItsMessages) {
  Host host = without_newest(kInbox, kWhole, 4 + (2 * sizeof(Digest)));
  EXPECT_TRUE(
      has(told(host, "connect2 1 phone"), R"("inbox":{"last":1000000,"read":0,"unread":1})"));
  EXPECT_TRUE(has(told(host, R"(push2 - other-id - - {"type":"x"})"), R"("delivered":1)"));
}

TEST(RoomTest, WithoutAPushIdAMessageIsThere) {
  Host host = without_newest(kMessage, kWhole, 1 + sizeof(Digest));
  EXPECT_TRUE(has(told(host, "connect2 1 phone"), R"("inbox":1000000)"));
}

TEST(RoomTest, WithoutARunAConnectionHasNone) {
  Host host = without_newest(kOther, kWhole, 4 + 17);
  EXPECT_TRUE(has(told(host, R"(frame 2 {"type":"ping","id":"laptop-run-000001.5"})"),
                  R"("code":"invalid_message")"));
  EXPECT_TRUE(has(told(host, R"(frame 2 {"type":"ping"})"), R"({"type":"pong"})"));
}

TEST(RoomTest, WithoutMetricsTheyBeginAnew) {
  Host host = without_newest(kCarrier, {kUser}, record_size(kCarrier, {kUser, kMetrics}));
  EXPECT_TRUE(has(told(host, "metrics"), R"("connects":0)"));
  host = without_newest(kCarrier, {kUser, kMetrics}, 1);
  EXPECT_TRUE(has(told(host, "metrics"), R"("rowsWritten":0)"));
  EXPECT_TRUE(has(told(host, "metrics"), R"("connects":3)"));
}

TEST(RoomTest, WithoutMissingDevicesNobodyIsExpected) {
  Host host = without_newest(kCarrier, {kShared, kSharedSequence}, 4 + kMissingOneBytes);
  EXPECT_FALSE(has(told(host, "connect2 3 tablet since=^.5"), R"("reset":true)"));
  host = without_newest(kRow, {kExtension, kSequence}, kMissingBytes);
  EXPECT_FALSE(has(told(host, "connect2 1 phone since=^.5"), R"("reset":true)"));
}

}  // namespace
}  // namespace user_session
