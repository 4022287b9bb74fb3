// What servers do: pushes of all kinds, games, and a clear; and what befalls a user often, so that
// what is kept runs over.
#include "checks.h"
#include "limits.h"
#include "v2_world.h"

namespace user_session {

Json World::answer() const {
  for (const Effect& effect : host_.effects().list()) {
    if (effect.kind == EffectKind::kAnswer) return Json::parse(host_.text(effect));
  }
  require(false, "a request is answered");
  return {};
}

void World::push(Draw& draw) {
  const unsigned how = draw.below(10);
  const std::string push_id = "p" + std::to_string(draw.below(5));
  if (how < 3) return keep(how == 0 ? 1 : 700, "", 10);
  if (how == 3) return keep(2'000'000, push_id, 10);
  begin_step();
  const std::string body = R"({"type":"app","n":)" + std::to_string(step_) + '}';
  if (how == 9) {
    PushRequested event{.now = host_.now, .payload = {.text = body, .size_bytes = body.size()}};
    event.audience.to = {"d9"};
    stage_.push(event);
  } else {
    push_now(body, how < 6 ? push_id : "");
  }
  finish_step();
}

void World::keep(std::int64_t keep_s, const std::string& push_id, std::size_t size) {
  begin_step();
  const std::string body = R"({"type":"app","n":)" + std::to_string(step_) + R"(,"text":")" +
                           std::string(size, 'x') + "\"}";
  PushRequested event{.now = host_.now, .payload = {.text = body, .size_bytes = body.size()}};
  event.keep_s = keep_s;
  event.push_id = push_id;
  stage_.push(event);
  const Json told = answer();
  const bool is_known = !push_id.empty() && truth_.knows_push(push_id);
  require(told.contains("repeated") == is_known,
          "push-id: a push is delivered unless its id is among the last", push_id);
  if (!is_known) {
    const std::int64_t number = told["inbox"];
    require(number == std::max(host_.now, truth_.last + 1),
            "inbox-once: a message's number is the time, or one more", told.dump());
    const TimeMs expires_at = host_.now + (keep_s * kMsPerSecond);
    message_ = Mail{.number = number, .expires_at = expires_at, .body = body};
    truth_.add_message(*message_, told["dropped"], host_.now);
    if (!push_id.empty()) truth_.remember_push(push_id);
    cost_.message_rows = 1;
    cost_.may_delete = true;
  }
  finish_step();
}

void World::change_game(Draw& draw) {
  begin_step();
  const std::string game = "g" + std::to_string(draw.below(4));
  const bool is_joined = draw.one_of(2);
  stage_.change_game(is_joined, game);
  const std::size_t size = truth_.games.size();
  const std::string frame = truth_.change_game(is_joined, game);
  if (!frame.empty()) expect(frame, frame);
  cost_.must_store = size != truth_.games.size();
  require(answer()["activeGames"] == Json(truth_.games), "the answer tells the games");
  finish_step();
}

void World::clear() {
  begin_step();
  stage_.clear();
  truth_.clear();
  const bool is_counted = epochs_.is_any_known || is_any_v2_open();
  excuse();
  clear_era_ = era_;
  epochs_.is_any_known = is_counted;
  epochs_.is_surely_open = is_counted;
  is_counted_ = is_counted;
  cost_.may_store = cost_.may_delete = cost_.may_erase = true;
  finish_step();
}

void World::overflow(Draw& draw) {
  if (overflows_left_ == 0) return;
  --overflows_left_;
  const unsigned what = draw.below(6);
  if (what == 5) return change_often();
  if (what == 0) return visit_often(kAwayRunsMax + 2);
  if (what == 1) return visit_often(kEpochsMax + 1);
  push_often(what, draw.one_of(2));
}

// More than is kept of something goes by.
void World::push_often(unsigned what, bool is_large) {
  const std::size_t size = is_large ? 40'000 : 10;
  const std::size_t count = what == 2   ? (is_large ? 8 : kMessagesMax + 2)
                            : what == 3 ? kPushIdsMax
                                        : (is_large ? 8 : kJournalFramesMax + 1);
  for (std::size_t i = 0; i < count; ++i) {
    if (what == 2) {
      keep(i % 2 == 0 ? 700 : 2'000'000, "", size);
    } else {
      begin_step();
      const std::string body = R"({"type":"app","n":)" + std::to_string(step_) + R"(,"text":")" +
                               std::string(what == 4 ? size : 1, 'x') + "\"}";
      const std::string id = what == 3 ? "often" + std::to_string(step_) : "";
      push_now(body, id);
      finish_step();
    }
  }
}

void World::push_now(const std::string& body, const std::string& push_id) {
  stage_.push(
      {.now = host_.now, .payload = {.text = body, .size_bytes = body.size()}, .push_id = push_id});
  const bool is_repeated = answer().contains("repeated");
  const bool is_known = !push_id.empty() && truth_.knows_push(push_id);
  require(is_repeated == is_known, "push-id: a push is delivered unless its id is among the last",
          push_id);
  if (is_repeated) return;
  if (!push_id.empty()) {
    truth_.remember_push(push_id);
    cost_.inbox_rows = 1;
  }
  expect(R"({"type":"push","body":)" + body + '}', body);
}

// A visitor comes and goes, each time with another run, so that epochs and runs run over.
void World::visit_often(unsigned times) {
  for (unsigned i = 0; i < times; ++i) {
    begin_step();
    const std::string run = new_run();
    const ConnectionId socket = next_socket_++;
    stage_.connect_v2(socket, "visitor", {.run = run});
    seats_[socket] = {.is_v2 = true, .device = "visitor", .run = run};
    newcomer_ = socket;
    cost_.may_store = !epochs_.is_any_known || truth_.devices.try_emplace("visitor").second;
    cost_.may_delete = true;
    epochs_.is_any_known = true;
    finish_step();
    keeping_.note_back("visitor");
    serve(socket, {.run = run,
                   .number = 1,
                   .json = {{"type", "broadcast"}, {"event", "e"}, {"data", step_}}});
    begin_step();
    stage_.disconnect(socket);
    finish_step();
  }
}

}  // namespace user_session
