// What devices ask for: frames with and without an id, repetitions, and what each brings about.
#include <algorithm>
#include <utility>

#include "checks.h"
#include "limits.h"
#include "v2_world.h"

namespace user_session {
namespace {

bool is_change(const Json& json) {
  return json["type"] == "set_value" || json["type"] == "delete_value";
}

}  // namespace

Json World::draw_message(Draw& draw, const Client* client) {
  const std::string game = "g" + std::to_string(draw.below(4));
  const unsigned which = draw.below(28);
  switch (which) {
    case 0:
    case 1:
    case 2:
      return {{"type", "join_game"}, {"gameId", game}};
    case 3:
    case 4:
      return {{"type", "leave_game"}, {"gameId", game}};
    case 5:
      return {{"type", "update_presence"}, {"presence", game == "g0" ? "away" : "online"}};
    case 6:
      return {{"type", "sync_state"}};
    case 7:
      return {{"type", "join_game"}};
    case 8:
      return {{"type", "logout_all"}};
    default:
      break;
  }
  if (client != nullptr && which >= 24) return draw_change(draw);
  if (client != nullptr) {
    switch (which) {
      case 9:
        return {{"type", "set_device"}, {"name", game + std::to_string(step_)}};
      case 10:
      case 11:
        return {{"type", "mark_read"}, {"inbox", std::max<std::int64_t>(0, client->inbox())}};
      case 12:
        return {{"type", "mark_read"}, {"inbox", truth_.last + 1}};
      case 13:
        return {{"type", "broadcast"}, {"event", "aimed"}, {"to", {"d0", "self"}}};
      case 14:
        return {{"type", game == "g0" ? "logout_others" : "logout_device"}, {"deviceId", "d1"}};
      default:
        break;
    }
  }
  std::string data = std::to_string(step_);
  if (which == 23) data += std::string(game == "g0" ? 20'000 : 300, 'x');
  return {{"type", "broadcast"}, {"event", "e"}, {"data", data}};
}

void World::ask(Client& client, Draw& draw) {
  if (!client.socket) return connect(client, draw);
  Asked asked{.json = draw_message(draw, &client)};
  const bool has_id = !draw.one_of(6);
  if (has_id && !client.can_ask()) return;
  if (has_id) asked = client.ask(asked.json);
  const bool is_held = draw.one_of(6);
  if (is_held || client.is_held) {
    client.is_held = true;
    client.leaving.push_back(asked);
    return;
  }
  serve(*client.socket, asked);
}

void World::flush(Client& client) {
  client.is_held = false;
  const std::vector<Asked> leaving = std::move(client.leaving);
  client.leaving.clear();
  const auto socket = client.socket;
  for (const Asked& asked : leaving) serve(*socket, asked);
}

void World::repeat(Client& client, Draw& draw) {
  if (!client.socket) return connect(client, draw);
  flush(client);
  for (unsigned left = draw.below(4) * 4 + 1; left > 0 && client.socket; --left) {
    Asked* asked = client.next_to_repeat();
    if (asked == nullptr) return;
    asked->is_under_way = true;
    const Asked repeated = *asked;
    serve(*client.socket, repeated);
  }
}

// A client that breaks the rules is refused, and nothing is done for it.
void World::lie(Client& client, Draw& draw) {
  if (!client.socket || !known_from_.contains(client.run())) return;
  Asked asked{.run = client.run(),
              .number = highest_[client.run()],
              .json = {{"type", "broadcast"}, {"event", "e"}, {"data", "lie"}}};
  if (draw.one_of(2)) {
    asked.run = new_run();
    asked.is_again = true;
  }
  // A client that lies about a request that it still waits for lies to itself.
  if (client.owns(asked.id())) return;
  serve(*client.socket, asked);
  require(!is_sent(host_, "\"lie\""),
          "told-truly: a number that names two requests, or an unknown run, does nothing");
}

void World::serve(ConnectionId socket, const Asked& asked) {
  begin_step();
  const auto seat = seats_.find(socket);
  const std::string text = asked.text();
  stage_.receive(socket, text);
  if (seat == seats_.end()) {
    require(!is_sent(host_, "{"), "a closed socket does nothing", text);
    return finish_step();
  }
  const Outcome outcome = outcome_at(socket, asked);
  for (const FramePtr& frame : sent().to(socket)) {
    if (frame->json.value("code", "") == "conflict") check_conflict(asked.json, frame->json);
  }
  if (!asked.run.empty()) check_told(seat->second, asked, outcome);
  if (outcome == Outcome::kDone) happen(asked.json, seat->second);
  finish_step();
}

World::Outcome World::outcome_at(ConnectionId socket, const Asked& asked) {
  const std::string id = asked.id();
  for (const FramePtr& shared : sent().to(socket)) {
    const Frame& frame = *shared;
    if (frame.id != id) continue;
    if (frame.type == "ack") {
      return frame.json.contains("repeated") ? Outcome::kRepeated : Outcome::kDone;
    }
    if (frame.type != "error") continue;
    const std::string code = frame.json["code"];
    if (code == "rate_limited") return Outcome::kLimited;
    return code == "too_old" ? Outcome::kTooOld : Outcome::kRefused;
  }
  if (!id.empty()) return Outcome::kIgnored;
  const auto& list = host_.effects().list();
  const bool is_flooding = std::any_of(list.begin(), list.end(), [&](const Effect& effect) {
    return effect.kind == EffectKind::kClose && effect.connection == socket &&
           effect.number == kFloodCode;
  });
  return is_flooding ? Outcome::kIgnored : Outcome::kDone;
}

void World::check_told(const Seat& seat, const Asked& asked, Outcome outcome) {
  const std::string id = asked.id();
  const bool was_known = known_from_.contains(asked.run) && asked.number >= known_from_[asked.run];
  note_number(asked);
  int& done = truth_.done[id];
  const std::string shown = id + " done " + std::to_string(done);
  const bool is_news = is_sent(host_, R"({"type":"event")");
  const bool is_event = asked.json["type"] == "broadcast";
  require(!is_event || is_news == (outcome == Outcome::kDone),
          "told-truly: what is acknowledged is done, and nothing else", shown);
  switch (outcome) {
    case Outcome::kDone:
      require(++done == 1, "told-truly: nothing is done twice", shown);
      truth_.runs_done.insert(asked.run);
      note_asked(asked.run);
      epochs_.is_surely_open = true;
      if (!was_open_) cost_.may_store = true;
      return;
    case Outcome::kRepeated:
      require(asked.is_again && done == 1, "told-truly: a repetition was done before", shown);
      return;
    case Outcome::kTooOld:
      require(asked.is_again, "told-truly: only a repetition is too old", shown);
      require(!was_known, "no-needless-too-old: nothing went wrong", shown);
      return;
    case Outcome::kRefused:
      require(done == 0 || seat.client == nullptr || !seat.client->owns(id),
              "told-truly: what is refused was not done", shown);
      return;
    case Outcome::kLimited:
    case Outcome::kIgnored:
      return;
  }
}

void World::note_asked(const std::string& run) {
  std::erase(runs_, run);
  runs_.push_back(run);
}

// Of the runs without a connection only those that asked last are remembered.
void World::forget_runs() {
  std::size_t away = 0;
  for (std::size_t i = runs_.size(); i-- > 0;) {
    const bool is_here = std::any_of(seats_.begin(), seats_.end(), [&](const auto& entry) {
      return entry.second.run == runs_[i];
    });
    if (!is_here && ++away > kAwayRunsMax) known_from_.erase(runs_[i]);
  }
}

void World::note_number(const Asked& asked) {
  std::int64_t& highest = highest_[asked.run];
  if (asked.number <= highest) return;
  highest = asked.number;
  note_asked(asked.run);
  if (!asked.is_again) known_from_.try_emplace(asked.run, asked.number);
}

void World::happen(const Json& json, const Seat& seat) {
  const std::string type = json["type"];
  if (type == "join_game" || type == "leave_game") {
    require(json.contains("gameId"), "told-truly: what lacks a member is refused", json.dump());
    const std::size_t count = truth_.games.size();
    const std::string frame = truth_.change_game(type == "join_game", json["gameId"]);
    if (!frame.empty()) expect(frame, frame);
    cost_.must_store = count != truth_.games.size();
  } else if (type == "broadcast" && !json.contains("to")) {
    const std::string frame = R"({"type":"event","event":"e","data":)" + json["data"].dump() +
                              ",\"from\":\"" + seat.device + "\"}";
    expect(frame, frame);
  } else if (type == "update_presence") {
    if (is_sent(host_, R"({"type":"presence_updated")")) count();
  } else if (type == "set_device") {
    std::string& name = truth_.devices[seat.device];
    const std::string before = std::exchange(name, json["name"].get<std::string>());
    cost_.must_store = name != before;
  } else if (is_change(json)) {
    check_conflict(json, Json());
    value_changed(json, seat.device);
  } else if (type == "mark_read") {
    mark_read(json);
  } else if (type.starts_with("logout")) {
    cost_.may_store = cost_.may_store_logout = true;
  }
}

void World::mark_read(const Json& json) {
  const std::int64_t number = json["inbox"];
  require(number <= truth_.last, "told-truly: what was never sent can't be read", json.dump());
  if (number <= truth_.read) return;
  truth_.read = number;
  cost_.inbox_rows = 1;
  cost_.may_delete = true;
  for (const Sent::Entry& entry : sent().entries()) {
    const Frame& frame = *entry.frame;
    if (frame.type != "inbox_read") continue;
    require(frame.json["inbox"] == number, "inbox-complete: what is read is told", frame.text);
    truth_.check_unread(frame.json["unread"], host_.now);
    return expect(frame.plain, "");
  }
  require(false, "inbox-complete: what is read is told", json.dump());
}

}  // namespace user_session
