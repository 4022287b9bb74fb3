#include "wire.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "credential.h"
#include "digest.h"
#include "format/bytes.h"

namespace user_session {
namespace {

using namespace std::string_view_literals;

// Writes events as bindings/wire.js does.
class Writer {
 public:
  explicit Writer(EventTag tag) { append_u8(bytes_, static_cast<std::uint8_t>(tag)); }

  Writer& u8(std::uint8_t value) {
    append_u8(bytes_, value);
    return *this;
  }
  Writer& u32(std::uint32_t value) {
    append_u32(bytes_, value);
    return *this;
  }
  Writer& i64(std::int64_t value) {
    append_i64(bytes_, value);
    return *this;
  }
  Writer& text(std::string_view value) {
    append_text(bytes_, value);
    return *this;
  }
  Writer& texts(const std::vector<std::string_view>& values) {
    u32(static_cast<std::uint32_t>(values.size()));
    for (const std::string_view value : values) text(value);
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::string woken_bytes() {
  return Writer(EventTag::kWoken)
      .text("alice")
      .i64(1000)
      .u8(1)
      .text("snap\0shot"sv)
      .u8(1)
      .text("logout")
      .u8(1)
      .text("inbox")
      .u8(1)
      .text("kept")
      .u32(2)
      .u32(0)
      .text("message")
      .u32(7)
      .text("")
      .u32(1)
      .u32(3)
      .text("header")
      .u32(12)
      .u8(1)
      .i64(5)
      .u32(2)
      .text("chess")
      .text("")
      .u32(2)
      .u32(0)
      .i64(7)
      .text("attached")
      .u32(3)
      .i64(0)
      .text("")
      .u32(30)
      .u32(1000)
      .u32(60)
      .u32(300)
      .u32(1000)
      .u32(600)
      .u32(120)
      .u32(60'000)
      .u32(120)
      .u32(128)
      .i64(1'795'600'800)
      .i64(10)
      .u8(1)
      .u8(1)
      .u8(1)
      .i64(4711)
      .bytes();
}

// One well-formed event of every kind.
std::vector<std::pair<EventTag, std::string>> all_events() {
  const auto with_credential = [](Writer writer, std::string_view session) {
    return writer.i64(5).i64(7000).u8(1).text(session).text("token-1");
  };
  using enum EventTag;
  const std::vector<std::pair<EventTag, Writer>> writers = {
      {kConnected, with_credential(Writer(kConnected).u32(1).i64(1000).text("phone"), "session-1")
                       .u8(2)
                       .text("tab")
                       .text("run")
                       .i64(900)
                       .i64(17)
                       .i64(-1)},
      {kFrameReceived,
       Writer(kFrameReceived).u32(1).i64(1000).u8(1).u32(2).text("{}").text("data: no")},
      {kDisconnected, Writer(kDisconnected).u32(1).i64(1000).i64(900)},
      {kStateRequested, with_credential(Writer(kStateRequested).i64(1000).i64(900), "")},
      {kClearRequested, with_credential(Writer(kClearRequested).i64(1000), "")},
      {kPushRequested, Writer(kPushRequested)
                           .i64(1000)
                           .u32(2)
                           .text("{}")
                           .u32(60)
                           .text("p1")
                           .texts({"phone", "laptop"})
                           .texts({"hook"})
                           .text("body: no")},
      {kGameJoinRequested, Writer(kGameJoinRequested).i64(1000).text("chess")},
      {kGameLeaveRequested, Writer(kGameLeaveRequested).i64(1000).text("chess")},
      {kLogoutRequested,
       with_credential(Writer(kLogoutRequested).i64(1000).u8(3), "").text("phone").i64(999)},
      {kMetricsRequested, Writer(kMetricsRequested).i64(1000)},
      {kHeartbeatsRead, Writer(kHeartbeatsRead).i64(1000).u32(2).u32(1).i64(900).u32(3).i64(0)},
      {kDevicesRequested, Writer(kDevicesRequested).i64(1000)},
      {kExportRequested, with_credential(Writer(kExportRequested).i64(1000), "session-1")},
      {kTicketRequested, with_credential(Writer(kTicketRequested).i64(1000), "session-2")},
      {kValuesRequested,
       with_credential(Writer(kValuesRequested).i64(1000), "session-3").text("theme")},
      {kValueChangeRequested, with_credential(Writer(kValueChangeRequested).i64(1000), "session-4")
                                  .u32(2)
                                  .text("{}")
                                  .text("value: no")},
  };
  std::vector<std::pair<EventTag, std::string>> events = {{kWoken, woken_bytes()}};
  for (const auto& [tag, writer] : writers) events.emplace_back(tag, writer.bytes());
  return events;
}

// The bytes of the event that `tag` names.
std::string event_bytes(EventTag tag) {
  return all_events().at(static_cast<std::size_t>(tag) - 1).second;
}

template <typename Expected>
Expected decoded(const std::string& bytes) {
  const auto event = decode_event(bytes);
  if (!event || !std::holds_alternative<Expected>(*event)) {
    ADD_FAILURE() << "not decoded as the expected event";
    return {};
  }
  return *std::get_if<Expected>(&*event);
}

TEST(WireTest, EveryTagGivesItsEvent) {
  for (const auto& [tag, bytes] : all_events()) {
    const auto event = decode_event(bytes);
    ASSERT_TRUE(event) << static_cast<int>(tag);
    EXPECT_EQ(event->index() + 1, static_cast<std::size_t>(tag)) << "the tags follow the variant";
  }
}

TEST(WireTest, WakingBringsAllThatTheWorldKnows) {
  const std::string bytes = woken_bytes();
  const auto event = decoded<Woken>(bytes);
  EXPECT_EQ(event.user_id, "alice");
  EXPECT_EQ(event.now, 1000);
  EXPECT_EQ(event.logout, "logout");
  EXPECT_EQ(event.inbox, "inbox");
  EXPECT_EQ(event.kept, "kept");
  ASSERT_EQ(event.messages.size(), 2U);
  EXPECT_EQ(event.messages[0].slot, 0U);
  EXPECT_EQ(event.messages[0].bytes, "message");
  ASSERT_EQ(event.values.size(), 1U);
  EXPECT_EQ(event.values[0].slot, 3U);
  EXPECT_EQ(event.values[0].header, "header");
  EXPECT_EQ(event.values[0].text_size, 12U);
  EXPECT_EQ(event.messages[1].slot, 7U);
  EXPECT_EQ(event.messages[1].bytes, "");
  EXPECT_EQ(event.snapshot, "snap\0shot"sv);
  ASSERT_TRUE(event.legacy);
  EXPECT_EQ(event.legacy->last_active, 5);
  EXPECT_EQ(event.legacy->games, (std::vector<std::string_view>{"chess", ""}));
  ASSERT_EQ(event.connections.size(), 2U);
  EXPECT_EQ(event.connections[0].connection, 0U);
  EXPECT_EQ(event.connections[0].heartbeat, 7);
  EXPECT_EQ(event.connections[0].attachment, "attached");
  EXPECT_EQ(event.connections[1].connection, 3U);
  EXPECT_EQ(event.connections[1].attachment, "");
  EXPECT_EQ(event.rate_limits.frames.count, 30);
  EXPECT_EQ(event.rate_limits.frames.per_ms, 1000);
  EXPECT_EQ(event.rate_limits.frames.burst, 60);
  EXPECT_EQ(event.rate_limits.user_frames.count, 300);
  EXPECT_EQ(event.rate_limits.connects.per_ms, 60'000);
  EXPECT_EQ(event.rate_limits.devices_max, 128U);
  EXPECT_EQ(event.not_before_s, 1'795'600'800);
  EXPECT_EQ(event.clock_skew_s, 10);
  EXPECT_TRUE(event.is_nobody_checked);
  EXPECT_TRUE(event.is_measured);
  EXPECT_TRUE(event.is_any_lost);
  EXPECT_EQ(event.randomness, 4711);
}

TEST(WireTest, WhoeverConnectsBringsAllThatTheyHaveShown) {
  const std::string bytes = event_bytes(EventTag::kConnected);
  const auto connected = decoded<Connected>(bytes);
  EXPECT_EQ(connected.connection, 1U);
  EXPECT_EQ(connected.now, 1000);
  EXPECT_EQ(connected.device_id, "phone");
  EXPECT_EQ(connected.credential, (Credential{.issued_at_s = 5,
                                              .expires_at = 7000,
                                              .sign_in = digest_of("session-1"),
                                              .token = digest_of("token-1"),
                                              .name = "session-1",
                                              .is_sign_in_known = true,
                                              .is_sign_in_time = true}));
  EXPECT_EQ(connected.version, ProtocolVersion::kVersion2);
  EXPECT_EQ(connected.tab_id, "tab");
  EXPECT_EQ(connected.run, "run");
  EXPECT_EQ(connected.since, (Position{.epoch = 900, .seq = 17}));
  EXPECT_EQ(connected.inbox, Connected::kNoPlace);
}

TEST(WireTest, FieldsOfTheOtherEventsArriveInTheirPlaces) {
  const auto events = all_events();
  const auto frame = decoded<FrameReceived>(events[2].second);
  EXPECT_EQ(frame.connection, 1U);
  EXPECT_EQ(frame.now, 1000);
  EXPECT_TRUE(frame.is_text);
  EXPECT_EQ(frame.payload.text, "{}");
  EXPECT_EQ(frame.payload.size_bytes, 2U);
  EXPECT_EQ(frame.misfit, "data: no");
  const auto disconnected = decoded<Disconnected>(events[3].second);
  EXPECT_EQ(disconnected.connection, 1U);
  EXPECT_EQ(disconnected.now, 1000);
  EXPECT_EQ(disconnected.heartbeat, 900);
  const auto state = decoded<StateRequested>(events[4].second);
  EXPECT_EQ(state.now, 1000);
  EXPECT_EQ(state.heartbeat, 900);
  EXPECT_EQ(state.credential.issued_at_s, 5);
  EXPECT_EQ(state.credential.name, "token-1") << "without a session the token has the name";
  EXPECT_EQ(decoded<ClearRequested>(events[5].second).credential.expires_at, 7000);
  const auto logout = decoded<LogoutRequested>(events[9].second);
  EXPECT_EQ(logout.now, 1000);
  EXPECT_EQ(logout.scope, LogoutScope::kDevice);
  EXPECT_EQ(logout.credential.issued_at_s, 5);
  EXPECT_EQ(logout.id, "phone");
  EXPECT_EQ(logout.ended_at_s, 999);
  EXPECT_EQ(decoded<GameJoinRequested>(events[7].second).game_id, "chess");
  EXPECT_EQ(decoded<GameLeaveRequested>(events[8].second).game_id, "chess");
  EXPECT_EQ(decoded<DevicesRequested>(events[12].second).now, 1000);
  EXPECT_EQ(decoded<ExportRequested>(events[13].second).credential.name, "session-1");
  EXPECT_EQ(decoded<TicketRequested>(events[14].second).credential.name, "session-2");
}

TEST(WireTest, APushSaysToWhomItGoesAndForHowLong) {
  const std::string bytes = event_bytes(EventTag::kPushRequested);
  const auto push = decoded<PushRequested>(bytes);
  EXPECT_EQ(push.now, 1000);
  EXPECT_EQ(push.payload.text, "{}");
  EXPECT_EQ(push.keep_s, 60);
  EXPECT_EQ(push.push_id, "p1");
  EXPECT_EQ(push.audience.to, (std::vector<std::string_view>{"phone", "laptop"}));
  EXPECT_EQ(push.audience.except, (std::vector<std::string_view>{"hook"}));
  EXPECT_EQ(push.misfit, "body: no");
}

TEST(WireTest, HeartbeatsAreReadForEachConnection) {
  const auto read = decoded<HeartbeatsRead>(event_bytes(EventTag::kHeartbeatsRead));
  ASSERT_EQ(read.heartbeats.size(), 2U);
  EXPECT_EQ(read.heartbeats[0].connection, 1U);
  EXPECT_EQ(read.heartbeats[0].at, 900);
  EXPECT_EQ(read.heartbeats[1].connection, 3U);
  EXPECT_EQ(read.heartbeats[1].at, 0);
}

TEST(WireTest, AFrameTooLargeToCopyStillHasItsSize) {
  const auto frame = decoded<FrameReceived>(
      Writer(EventTag::kFrameReceived).u32(1).i64(1).u8(0).u32(70'000).text("").text("").bytes());
  EXPECT_FALSE(frame.is_text);
  EXPECT_EQ(frame.payload.size_bytes, 70'000U);
  EXPECT_EQ(frame.payload.text, "");
}

TEST(WireTest, EveryTruncationAndTrailingByteIsRefused) {
  for (const auto& [tag, bytes] : all_events()) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_event(std::string_view(bytes).substr(0, size)))
          << "tag " << static_cast<int>(tag) << ", " << size << " of " << bytes.size() << " bytes";
    }
    EXPECT_FALSE(decode_event(bytes + '\0')) << "tag " << static_cast<int>(tag);
  }
}

TEST(WireTest, AnUnknownTagIsRefused) {
  for (const int tag : {0, 16, 255}) {
    EXPECT_FALSE(decode_event(Writer(static_cast<EventTag>(tag)).bytes())) << tag;
  }
}

TEST(WireTest, WhatALogoutCantMeanIsRefused) {
  const auto logout = [](std::uint8_t scope, std::int64_t second) {
    const std::string id = "session-1";
    return Writer(EventTag::kLogoutRequested)
        .i64(1)
        .u8(scope)
        .i64(5)
        .i64(0)
        .u8(0)
        .text(id)
        .text(id)
        .text("")
        .i64(second)
        .bytes();
  };
  EXPECT_TRUE(decode_event(logout(1, 0)));
  EXPECT_TRUE(decode_event(logout(5, 9)));
  EXPECT_FALSE(decode_event(logout(0, 0))) << "no scope";
  EXPECT_FALSE(decode_event(logout(6, 0))) << "an unknown scope";
  EXPECT_FALSE(decode_event(logout(5, -1))) << "a second before the epoch";
}

TEST(WireTest, ACredentialWithALongIdHasNoNameAndIsToldApart) {
  const auto read = [](std::size_t bytes) {
    const std::string event = Writer(EventTag::kTicketRequested)
                                  .i64(1)
                                  .i64(5)
                                  .i64(0)
                                  .u8(0)
                                  .text(std::string(bytes, 'x'))
                                  .text("")
                                  .bytes();
    return decoded<TicketRequested>(event).credential;
  };
  EXPECT_EQ(read(kCredentialNameBytesMax).name, std::string(kCredentialNameBytesMax, 'x'));
  EXPECT_EQ(read(kCredentialNameBytesMax + 1).name, "");
  EXPECT_NE(read(kCredentialNameBytesMax + 1).sign_in, read(kCredentialNameBytesMax + 2).sign_in);
}

TEST(WireTest, ACountBeyondTheBytesAsksForNoMemoryAndIsRefused) {
  const auto woken = [](std::uint32_t messages, std::uint32_t values, std::uint32_t games,
                        std::uint32_t connections) {
    Writer writer(EventTag::kWoken);
    writer.text("alice").i64(0).u8(0).u8(0).u8(0).u8(0).u32(messages).u32(values);
    writer.u8(1).i64(0).u32(games).u32(connections);
    for (int i = 0; i < 10; ++i) writer.u32(1);
    writer.i64(0).i64(0).u8(0).u8(0).u8(0).i64(0);
    return writer.bytes();
  };
  EXPECT_TRUE(decode_event(woken(0, 0, 0, 0)));
  EXPECT_FALSE(decode_event(woken(0, 0, 0, 0xffff'ffff)));
  EXPECT_FALSE(decode_event(woken(0, 0, 0xffff'ffff, 0)));
  EXPECT_FALSE(decode_event(woken(0, 0xffff'ffff, 0, 0)));
  EXPECT_FALSE(decode_event(woken(0xffff'ffff, 0, 0, 0)));
  const Writer heartbeats = Writer(EventTag::kHeartbeatsRead).i64(0).u32(0xffff'ffff).u32(1).i64(1);
  EXPECT_FALSE(decode_event(heartbeats.bytes()));
}

}  // namespace
}  // namespace user_session
