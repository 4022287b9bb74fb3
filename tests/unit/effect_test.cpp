#include "effect.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace user_session {
namespace {

using namespace std::string_view_literals;

struct Step {
  const char* name;
  int rank;
  void (*add)(EffectList&);
};

const std::vector<Step>& steps() {
  static const std::vector<Step> the_steps = {
      {"quarantine", 0, [](EffectList& list) { list.quarantine(); }},
      {"erase", 0, [](EffectList& list) { list.erase(); }},
      {"store", 0, [](EffectList& list) { list.store("s"); }},
      {"store_logout", 0, [](EffectList& list) { list.store_logout("l"); }},
      {"store_inbox", 0, [](EffectList& list) { list.store_inbox("i"); }},
      {"store_message", 0, [](EffectList& list) { list.store_message(1, "m"); }},
      {"delete_message", 0, [](EffectList& list) { list.delete_message(1); }},
      {"store_value", 0, [](EffectList& list) { list.store_value(1, "v"); }},
      {"quarantine_value", 0, [](EffectList& list) { list.quarantine_value(1); }},
      {"log_out", 0, [](EffectList& list) { list.log_out("{}"); }},
      {"set_attachment", 1, [](EffectList& list) { list.set_attachment(1, "a"); }},
      {"expel", 2, [](EffectList& list) { list.expel(1, 4401, "r"); }},
      {"accept", 3, [](EffectList& list) { list.accept(1); }},
      {"send", 4, [](EffectList& list) { list.send(1, "f"); }},
      {"send_to_all", 4, [](EffectList& list) { list.send_to_all("f"); }},
      {"close", 5, [](EffectList& list) { list.close(1, 1009, "r"); }},
      {"close_all", 5, [](EffectList& list) { list.close_all(1000, "r"); }},
      {"answer", 6, [](EffectList& list) { list.answer(200, "{}"); }},
      {"log", 6, [](EffectList& list) { list.log("r"); }},
      {"record_metrics", 6, [](EffectList& list) { list.record_metrics("[]"); }},
  };
  return the_steps;
}

TEST(EffectTest, TextsAndNumbersReachTheReaderAsTheyWereGiven) {
  EffectList list;
  list.store("bytes\0of the user"sv);
  list.set_attachment(3, "attached");
  list.send(4, "");
  list.close(5, 1009, "too big");
  list.answer(413, "{}");
  list.store_message(7, "message");
  ASSERT_EQ(list.list().size(), 6U);
  EXPECT_EQ(list.text(list.list()[0]), "bytes\0of the user"sv);
  EXPECT_EQ(list.list()[0].connection, kNoConnection);
  EXPECT_EQ(list.list()[1].number, 7U);
  EXPECT_EQ(list.text(list.list()[1]), "message");
  EXPECT_EQ(list.list()[2].connection, 3U);
  EXPECT_EQ(list.text(list.list()[2]), "attached");
  EXPECT_EQ(list.text(list.list()[3]), "");
  EXPECT_EQ(list.list()[4].number, 1009U);
  EXPECT_EQ(list.list()[5].number, 413U);
  EXPECT_EQ(list.texts(), "bytes\0of the userattachedtoo big{}message"sv);
}

// The text of a frame to many is there once: it is decoded once, and memory is for one.
TEST(EffectTest, AFrameToEachOfSeveralHasOneText) {
  EffectList list;
  list.close(9, 1000, "bye");
  list.send(7, "first");
  const std::vector<ConnectionId> audience = {3, 1, 2};
  for (const ConnectionId receiver : audience) list.send(receiver, "frame");
  EXPECT_EQ(list.texts(), "byefirstframe");
  std::string order;
  for (const Effect& effect : list.list()) {
    order += std::to_string(effect.connection) + ' ' + std::string(list.text(effect)) + "; ";
  }
  EXPECT_EQ(order, "7 first; 3 frame; 1 frame; 2 frame; 9 bye; ");
  EXPECT_EQ(list.totals(8).frames_sent, 4);
  EXPECT_EQ(list.totals(8).bytes_sent, 20);
}

TEST(EffectTest, AFrameCountsWithTheValuesThatItRefersTo) {
  EffectList list;
  list.send(1, "frame", 1'000);
  list.send(2, "frame", 1'000);
  list.send(2, "other");
  list.answer(200, "answer", 3'000);
  EXPECT_EQ(list.totals(2).bytes_sent, 2'005);
  EXPECT_EQ(list.bytes_to(1), 1'000);
  EXPECT_EQ(list.bytes_to(2), 1'005);
  EXPECT_EQ(list.bytes_answered(), 3'000);
  EXPECT_EQ(list.list()[1].full_size, 1'000U) << "also where it shares its text";
}

TEST(EffectTest, NothingOfAStepIsLeftForTheNext) {
  EffectList list;
  list.close_all(1000, "bye");
  list.clear();
  EXPECT_TRUE(list.list().empty());
  EXPECT_TRUE(list.texts().empty());
  list.store("s");
  EXPECT_EQ(list.text(list.list()[0]), "s");
}

TEST(EffectTest, NobodyIsToldOfWhatIsNotYetStoredNorClosedBeforeTheyAreTold) {
  for (const Step& first : steps()) {
    for (const Step& second : steps()) {
      EffectList list;
      first.add(list);
      const EffectKind kind_of_first = list.list()[0].kind;
      second.add(list);
      const bool is_first_ahead = list.list()[0].kind == kind_of_first;
      EXPECT_EQ(is_first_ahead, first.rank <= second.rank || first.name == second.name)
          << second.name << " after " << first.name;
    }
  }
}

}  // namespace
}  // namespace user_session
