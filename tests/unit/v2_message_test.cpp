// What only version 2 understands, and that version 1 is as it was.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "credential.h"
#include "json/message.h"
#include "limits.h"

namespace user_session {
namespace {

std::string shown(const std::vector<std::string>* names) {
  if (names == nullptr) return "all";
  std::string out;
  for (const std::string& name : *names) out += '<' + name + '>';
  return out;
}

std::string shown(const Refusal& refusal) {
  const std::string_view field = refusal.message.substr(0, refusal.message.find(' '));
  return "error " + std::string(error_code_name(refusal.code)) + ' ' + std::string(field);
}

std::string shown(const Message& message) {
  if (const auto* device = std::get_if<SetDevice>(&message)) {
    return "set_device " + std::string(device->name);
  }
  if (std::holds_alternative<LogoutOthers>(message)) return "logout_others";
  if (const auto* mark = std::get_if<MarkRead>(&message)) {
    return "mark_read " + std::to_string(mark->inbox);
  }
  if (const auto* logout = std::get_if<LogoutDevice>(&message)) {
    return "logout_device " + std::string(logout->device_id);
  }
  if (const auto* logout = std::get_if<LogoutCredential>(&message)) {
    return "logout_credential " + std::string(logout->credential_id);
  }
  const auto* broadcast = std::get_if<Broadcast>(&message);
  if (broadcast == nullptr) return "message of version 1";
  return "to " + shown(broadcast->to) + ", not " + shown(broadcast->except);
}

// What the parser made of a frame, as one line.
std::string outcome(std::string_view frame, ProtocolVersion version = ProtocolVersion::kVersion2) {
  MessageParser parser;
  const auto parsed = parser.parse_frame(frame, version);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return shown(*refusal);
  return shown(*std::get_if<Message>(&parsed));
}

std::string id_of(std::string_view frame) {
  MessageParser parser;
  static_cast<void>(parser.parse_frame(frame, ProtocolVersion::kVersion2));
  const auto id = parser.request_id();
  if (const auto* refusal = std::get_if<Refusal>(&id)) return shown(*refusal);
  const auto& request = *std::get_if<RequestId>(&id);
  if (request.text.empty()) return "no id";
  EXPECT_EQ(std::string(request.run) + '.' + std::to_string(request.number), request.text);
  return std::string(request.is_again ? "again " : "id ") + std::string(request.text);
}

using Cases = std::vector<std::pair<std::string, std::string>>;

void expect_outcomes(const Cases& cases) {
  for (const auto& [frame, expected] : cases) {
    EXPECT_EQ(outcome(frame), expected) << frame.substr(0, 200);
  }
}

const std::string kLongest(kNameBytesMax, 'x');
const std::string kLongestCredential(kCredentialNameBytesMax, 'c');
const std::string kLongestDevice(kDeviceIdBytesMax, 'd');

TEST(V2MessageTest, EveryMessageOfVersion2IsUnderstood) {
  expect_outcomes({
      {R"({"type":"set_device","name":"Work"})", "set_device Work"},
      {R"({"name":"\u00e9","type":"set_device"})", "set_device \xc3\xa9"},
      {R"({"type":"set_device","name":")" + kLongest + "\"}", "set_device " + kLongest},
      {R"({"type":"mark_read","inbox":1795383198465})", "mark_read 1795383198465"},
      {R"({"type":"mark_read","inbox":0})", "mark_read 0"},
      {R"({"type":"mark_read","inbox":9007199254740991})", "mark_read 9007199254740991"},
      {R"({"type":"logout_others"})", "logout_others"},
      {R"({"type":"logout_device","deviceId":"phone"})", "logout_device phone"},
      {R"({"type":"logout_credential","credentialId":"s-1"})", "logout_credential s-1"},
      {R"({"type":"logout_credential","credentialId":")" + kLongestCredential + "\"}",
       "logout_credential " + kLongestCredential},
      {R"({"type":"logout_device","deviceId":")" + kLongestDevice + "\"}",
       "logout_device " + kLongestDevice},
      {R"({"type":"broadcast","event":"e"})", "to all, not all"},
      {R"({"type":"broadcast","event":"e","to":["a","self"]})", "to <a><self>, not all"},
      {R"({"type":"broadcast","event":"e","except":["\u0061"]})", "to all, not <a>"},
      {R"({"type":"broadcast","event":"e","to":["a"],"except":["b"]})", "to <a>, not <b>"},
      {R"({"type":"join_game","gameId":"chess","to":5})", "message of version 1"},
  });
}

TEST(V2MessageTest, EveryRefusalHasItsCodeAndNamesTheField) {
  expect_outcomes({
      {R"({"type":"set_device"})", "error invalid_message name"},
      {R"({"type":"set_device","name":5})", "error invalid_message name"},
      {R"({"type":"set_device","name":["a"]})", "error invalid_message name"},
      {R"({"type":"set_device","name":""})", "error invalid_message name"},
      {R"({"type":"set_device","name":"x)" + kLongest + "\"}", "error limit_reached name"},
      {R"({"type":"logout_device"})", "error invalid_message deviceId"},
      {R"({"type":"logout_device","deviceId":null})", "error invalid_message deviceId"},
      {R"({"type":"logout_device","deviceId":""})", "error invalid_message deviceId"},
      {R"({"type":"logout_device","deviceId":"x)" + kLongestDevice + "\"}",
       "error invalid_message deviceId"},
      {R"({"type":"logout_credential"})", "error invalid_message credentialId"},
      {R"({"type":"logout_credential","credentialId":7})", "error invalid_message credentialId"},
      {R"({"type":"logout_credential","credentialId":["s"]})",
       "error invalid_message credentialId"},
      {R"({"type":"logout_credential","credentialId":""})", "error invalid_message credentialId"},
      {R"({"type":"logout_credential","credentialId":"x)" + kLongestCredential + "\"}",
       "error invalid_message credentialId"},
      {R"({"type":"mark_read"})", "error invalid_message inbox"},
      {R"({"type":"mark_read","inbox":"5"})", "error invalid_message inbox"},
      {R"({"type":"mark_read","inbox":-1})", "error invalid_message inbox"},
      {R"({"type":"mark_read","inbox":1.5})", "error invalid_message inbox"},
      {R"({"type":"mark_read","inbox":1e3})", "error invalid_message inbox"},
      {R"({"type":"mark_read","inbox":null})", "error invalid_message inbox"},
      {R"({"type":"mark_read","inbox":[5]})", "error invalid_message inbox"},
      {R"({"type":"mark_read","inbox":9007199254740992})", "error invalid_message inbox"},
      {R"({"type":"mark_read","inbox":99999999999999999999})", "error invalid_message inbox"},
      {R"({"type":"LOGOUT_OTHERS"})", "error unknown_type type"},
      {R"({"type":"device_updated"})", "error unknown_type type"},
  });
}

// One that is taken for none would send to all what was meant for few.
TEST(V2MessageTest, AnAimThatCantBeReadIsNoAimAtAll) {
  std::string many = "\"0\"";
  for (std::size_t i = 1; i < kAimedDevicesMax; ++i) many += ",\"" + std::to_string(i) + '"';
  for (const std::string field : {"to", "except"}) {
    const auto aimed = [&](const std::string& list) {
      return outcome(R"({"type":"broadcast","event":"e",")" + field + "\":" + list + '}');
    };
    for (const std::string list :
         {"null", "\"a\"", "{}", "[]", "[1]", R"(["a",1])", R"(["a",["b"]])", R"(["\n",null])"}) {
      EXPECT_EQ(aimed(list), "error invalid_message to") << field << list;
    }
    EXPECT_TRUE(aimed('[' + many + ']').starts_with("to ")) << field;
    EXPECT_EQ(aimed('[' + many + R"(,"more"])"), "error invalid_message to") << field;
    EXPECT_EQ(aimed('[' + many + R"(,"\n"])"), "error invalid_message to") << field;
  }
}

// A device of version 1 that sends what it need not know must get what it always got.
TEST(V2MessageTest, Version1KnowsNothingOfIt) {
  for (const std::string_view frame :
       {R"({"type":"set_device","name":"Work"})", R"({"type":"logout_others"})",
        R"({"type":"mark_read","inbox":5})", R"({"type":"logout_device","deviceId":"phone"})",
        R"({"type":"logout_credential","credentialId":"s-1"})"}) {
    EXPECT_EQ(outcome(frame, ProtocolVersion::kVersion1), "error unknown_type type") << frame;
  }
  EXPECT_EQ(outcome(R"({"type":"broadcast","event":"e","to":["a"],"except":5})",
                    ProtocolVersion::kVersion1),
            "to all, not all");
}

std::string with_id(const std::string& id, const std::string& more = "") {
  return id_of(R"({"type":"ping","id":)" + id + more + '}');
}

// A request whose id is misread is done under another's number.
TEST(V2MessageTest, ARequestHasTheIdOfARunAndANumber) {
  EXPECT_EQ(id_of(R"({"type":"ping"})"), "no id");
  const std::string shortest = "abcXYZ019_-aaaaa";
  const std::string longest(kRunBytesMax, 'x');
  ASSERT_EQ(shortest.size(), kRunBytesMin);
  for (const std::string& run : {shortest, longest}) {
    EXPECT_EQ(with_id('"' + run + ".1\""), "id " + run + ".1");
    EXPECT_EQ(with_id('"' + run + ".9007199254740991\""), "id " + run + ".9007199254740991");
  }
  EXPECT_EQ(with_id(R"("laptop-run-00000\u0031.7")"), "id laptop-run-000001.7");
  for (const std::string id :
       {R"("")", "7", "null", R"(["laptop-run-000001.1"])", R"("laptop-run-000001")",
        R"("laptop-run-000001.")", R"("laptop-run-000001.0")", R"("laptop-run-000001.01")",
        R"("laptop-run-000001.-1")", R"("laptop-run-000001.1e3")", R"("laptop-run-000001.1.2")",
        R"("laptop-run-000001.9007199254740992")", R"("laptop-run-000001. 1")", R"(".1")",
        R"("laptop run 000001.1")", R"("laptop+run+000001.1")", R"("laptop-run-0000\u00e9.1")"}) {
    EXPECT_EQ(with_id(id), "error invalid_message id") << id;
  }
  EXPECT_EQ(with_id('"' + shortest.substr(1) + ".1\""), "error invalid_message id");
  EXPECT_EQ(with_id("\"x" + longest + ".1\""), "error invalid_message id");
}

// A repetition that is taken for a first request is done twice.
TEST(V2MessageTest, ARepetitionSaysThatItIsOneInOneWay) {
  const std::string id = R"("laptop-run-000001.7")";
  EXPECT_EQ(with_id(id, R"(,"again":true)"), "again laptop-run-000001.7");
  EXPECT_EQ(with_id(id, R"(, "again" : true )"), "again laptop-run-000001.7");
  for (const std::string again : {"false", "1", "null", R"("true")", "[true]", "{}"}) {
    EXPECT_EQ(with_id(id, ",\"again\":" + again), "error invalid_message again") << again;
  }
  EXPECT_EQ(id_of(R"({"type":"ping","again":true})"), "error invalid_message again");
}

// A refusal names its frame by the id; a frame that can't be read has none.
TEST(V2MessageTest, ARefusedFrameHasItsIdToo) {
  const std::string id = R"("id":"laptop-run-000001.7")";
  for (const std::string& frame : {R"({"type":"nonsense",)" + id + '}', '{' + id + '}',
                                   R"({"type":"join_game",)" + id + '}'}) {
    EXPECT_EQ(id_of(frame), "id laptop-run-000001.7") << frame;
  }
  EXPECT_EQ(id_of(R"({"type":"ping",)" + id), "no id");
}

}  // namespace
}  // namespace user_session
