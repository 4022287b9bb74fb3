#include "json/frame.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace user_session {
namespace {

using namespace std::string_view_literals;

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

const StateView kState = {.user_id = "U",
                          .games_json = R"(["a","b"])",
                          .presence = Presence::kAway,
                          .last_active = 1'795'383'198'465};

TEST(FrameTest, EveryControlCharacterIsEscapedSoThatJsonParseTakesIt) {
  EXPECT_EQ(json_string("\b\f\n\r\t\"\\"), R"("\b\f\n\r\t\"\\")");
  EXPECT_EQ(json_string("\0\x01\x0b\x1f"sv), R"("\u0000\u0001\u000b\u001f")");
}

TEST(FrameTest, AllOtherTextIsKeptToTheByte) {
  const std::string text = "/ \x7f <\xc3\xa9 \xe2\x80\xa8 \xf0\x9f\x8e\xb2> \xef\xbb\xbf";
  EXPECT_EQ(json_string(text), '"' + text + '"');
  EXPECT_EQ(json_string(""), R"("")");
}

TEST(FrameTest, StateFramesAreTheBytesThatTheHookInProductionReads) {
  std::string out = "left over";
  write_initial_state(out, kState, "D");
  EXPECT_EQ(out, R"({"type":"initial_state","userId":"U","activeGames":["a","b"],)"
                 R"("presence":"away","lastActive":1795383198465,"deviceId":"D"})");
  write_state(out, kState);
  EXPECT_EQ(out, R"({"type":"state","userId":"U","activeGames":["a","b"],)"
                 R"("presence":"away","lastActive":1795383198465})");
}

TEST(FrameTest, ChangesAreTheBytesThatTheHookInProductionReads) {
  std::string out;
  write_game_joined(out, "b\"", R"(["a","b\""])");
  EXPECT_EQ(out, R"({"type":"game_joined","gameId":"b\"","activeGames":["a","b\""]})");
  write_game_left(out, "b", "[]");
  EXPECT_EQ(out, R"({"type":"game_left","gameId":"b","activeGames":[]})");
  write_presence_updated(out, Presence::kOffline);
  EXPECT_EQ(out, R"({"type":"presence_updated","presence":"offline"})");
  write_presence_updated(out, Presence::kOnline);
  EXPECT_EQ(out, R"({"type":"presence_updated","presence":"online"})");
}

TEST(FrameTest, AnEventCarriesItsDataAsItWasWrittenAndWhoSentIt) {
  std::string out;
  write_event(out, "mo\nve", R"({ "x" : 1.50 })", "Mozilla \"5.0\" L");
  EXPECT_EQ(out, R"({"type":"event","event":"mo\nve","data":{ "x" : 1.50 },)"
                 R"("from":"Mozilla \"5.0\" L"})");
}

TEST(FrameTest, AnErrorSaysItsCodeAndWhy) {
  const Refusal refusal = {.code = ErrorCode::kInvalidMessage, .message = "expected \"x\""};
  std::string out;
  write_error(out, refusal, {});
  EXPECT_EQ(out, R"({"type":"error","code":"invalid_message","message":"expected \"x\""})");
  write_error_answer(out, refusal);
  EXPECT_EQ(out, R"({"error":{"code":"invalid_message","message":"expected \"x\""}})");
}

TEST(FrameTest, TheStateAnswerHasTheFieldsOfOldReaders) {
  std::string out;
  write_state_answer(out, kState, 2);
  EXPECT_EQ(out, R"({"userId":"U","activeGames":["a","b"],"presence":"away",)"
                 R"("lastActive":1795383198465,"connectedDevices":2,"isHibernating":false})");
  write_state_answer(out, {.user_id = "U", .games_json = "[]"}, 0);
  EXPECT_EQ(out, R"({"userId":"U","activeGames":[],"presence":"offline",)"
                 R"("lastActive":0,"connectedDevices":0,"isHibernating":true})");
}

TEST(FrameTest, TheOtherAnswersHaveTheFieldsOfTheProtocol) {
  std::string out;
  write_games_answer(out, R"(["a"])");
  EXPECT_EQ(out, R"({"activeGames":["a"]})");
  write_delivered_answer(out, 12);
  EXPECT_EQ(out, R"({"delivered":12})");
}

TEST(FrameTest, NumbersOfAnySizeAreWrittenWhole) {
  std::string out;
  write_state(
      out,
      {.user_id = "", .games_json = "[]", .last_active = std::numeric_limits<std::int64_t>::min()});
  EXPECT_NE(out.find(R"("lastActive":-9223372036854775808})"), std::string::npos) << out;
}

TEST(FrameTest, ADeviceIsShownToOthersAndToItself) {
  const DeviceView view = {.id = "a\"b",
                           .name = "N",
                           .first_seen = 1,
                           .last_active = 2,
                           .presence = Presence::kAway,
                           .tabs = 3};
  const std::string members =
      R"({"deviceId":"a\"b","name":"N","firstSeen":1,"lastActive":2,"presence":"away","tabs":3)";
  std::string out;
  write_devices_answer(out, {view, view});
  EXPECT_EQ(out, R"({"devices":[)" + members + "}," + members + "}]}");
  for (const auto& [viewer, is_current] : {std::pair("a\"b", "true"), std::pair("c", "false")}) {
    const std::vector<DeviceView> devices = {view};
    write_whole(out, "initial_state", kState, viewer,
                {.devices = devices,
                 .position = {.epoch = 5, .seq = 6},
                 .inbox = {.last = 9, .read = 8, .unread = 7}});
    EXPECT_TRUE(out.starts_with(R"({"type":"initial_state","userId":"U",)")) << out;
    const std::string end = members + R"(,"current":)" + is_current +
                            R"(}],"inbox":{"last":9,"read":8,"unread":7},"epoch":5,"seq":6})";
    EXPECT_TRUE(out.ends_with(R"(,"devices":[)" + end)) << out;
  }
}

TEST(FrameTest, WhatADeviceHasLostIsSaid) {
  const std::vector<DeviceView> nobody;
  std::string out;
  write_whole(out, "state", kState, "D",
              {.devices = nobody, .position = {}, .is_reset = true, .inbox = {}, .is_lost = true});
  EXPECT_TRUE(out.starts_with(R"({"type":"state",)")) << out;
  EXPECT_TRUE(out.ends_with(
      R"("devices":[],"inbox":{"last":0,"read":0,"unread":0},"lost":true,"epoch":0,"reset":true,"seq":0})"))
      << out;
}

// A body that has `seq` or `inbox` itself must not be taken for ours.
TEST(FrameTest, ThePlaceOfAPushStandsBeforeItsBody) {
  std::string out;
  write_push(out, R"({"type":"x","seq":7})");
  add_seq(out, 3);
  EXPECT_EQ(out, R"({"type":"push","seq":3,"body":{"type":"x","seq":7}})");
  write_push(out, R"({"type":"x"})");
  add_seq(out, 3, 900);
  EXPECT_EQ(out, R"({"type":"push","seq":3,"epoch":900,"body":{"type":"x"}})");
  write_message(out, 5, 6, R"({ "type" : "x" })");
  EXPECT_EQ(out, R"({"type":"push","inbox":5,"expiresAt":6,"body":{ "type" : "x" }})");
}

TEST(FrameTest, ANumberIsAddedAtTheEndOfEveryOtherFrame) {
  std::string out;
  write_inbox_read(out, {.last = 9, .read = 8, .unread = 1});
  add_seq(out, 4);
  EXPECT_EQ(out, R"({"type":"inbox_read","inbox":8,"unread":1,"seq":4})");
  write_device_gone(out, "D");
  add_seq(out, 5, 901);
  EXPECT_EQ(out, R"({"type":"device_disconnected","deviceId":"D","seq":5,"epoch":901})");
}

TEST(FrameTest, AnAnswerToARequestHasItsId) {
  std::string out;
  write_ack(out, "laptop-run-000001.7", false, nullptr);
  EXPECT_EQ(out, R"({"type":"ack","id":"laptop-run-000001.7"})");
  write_ack(out, "laptop-run-000001.7", true, nullptr);
  EXPECT_EQ(out, R"({"type":"ack","id":"laptop-run-000001.7","repeated":true})");
  write_error(out, {.code = ErrorCode::kTooOld, .message = "m"}, "laptop-run-000001.7");
  EXPECT_NE(out.find(R"("code":"too_old")"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("id":"laptop-run-000001.7")"), std::string::npos) << out;
}

TEST(FrameTest, TheAnswerToALogoutSaysWhatHasEnded) {
  std::string out;
  const Ended plain = {.sockets = 3, .credentials = 2};
  write_success_answer(out, &plain);
  EXPECT_EQ(out, R"({"success":true,"ended":{"sockets":3,"credentials":2}})");
  const Ended partly = {
      .sockets = 1, .credentials = 0, .is_credential_shared = true, .is_complete = false};
  write_ack(out, "r.7", false, &partly);
  EXPECT_EQ(out, R"({"type":"ack","id":"r.7","ended":{"sockets":1,"credentials":0},)"
                 R"("credentialShared":true,"complete":false})");
  write_success_answer(out);
  EXPECT_EQ(out, R"({"success":true})");
}

TEST(FrameTest, TheAppIsToldWhichCredentialsHaveEnded) {
  std::string out;
  write_logout_report(out, {.scope = "others",
                            .at = 5'000,
                            .issued_until_s = 5,
                            .credentials = {"a\"b", "c"},
                            .spared = "mine"});
  EXPECT_EQ(out, R"({"scope":"others","at":5000,"issuedUntil":5,"credentialIds":["a\"b","c"],)"
                 R"("exceptCredentialId":"mine"})");
  LogoutReport device;
  device.scope = "device";
  device.at = 5'000;
  write_logout_report(out, device);
  EXPECT_EQ(out, R"({"scope":"device","at":5000,"credentialIds":[]})");
}

TEST(FrameTest, TheAnswerToAKeptPushSaysWhatBecameOfIt) {
  std::string out;
  write_delivered_answer(out, 2, 5, 64, 1);
  EXPECT_EQ(out, R"({"delivered":2,"inbox":5,"kept":64,"dropped":1})");
}

}  // namespace
}  // namespace user_session
