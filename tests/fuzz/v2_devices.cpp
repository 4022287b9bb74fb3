// What devices do: they come and go, their connections break, and their pages are loaded anew. The
// frames that they send are in v2_requests.cpp.
#include <algorithm>

#include "checks.h"
#include "limits.h"
#include "v2_world.h"

namespace user_session {

void World::connect(Client& client, Draw& draw) {
  begin_step();
  const unsigned how = draw.below(8);
  const Host::V2 says = client.says(how < 6, how != 5);
  const ConnectionId socket = next_socket_++;
  stage_.connect_v2(socket, client.device(), says);
  seats_[socket] = {
      .is_v2 = true, .device = client.device(), .run = client.run(), .client = &client};
  newcomer_ = socket;
  client.open(socket, says);
  check_greeting(client, socket, says.since, says.inbox);
  const bool is_device_known = truth_.devices.try_emplace(client.device()).second == false;
  cost_.may_store = !epochs_.is_any_known || !is_device_known;
  cost_.may_delete = true;
  epochs_.is_any_known = true;
  finish_step();
  keeping_.note_back(client.device());
  keeping_.finish_step(host_.now);
  if (draw.one_of(4)) repeat(client, draw);
}

void World::check_greeting(const Client& client, ConnectionId socket, Position since,
                           std::int64_t inbox) {
  const std::vector<FramePtr> frames = sent().to(socket);
  require(!frames.empty() && frames[0]->type == "initial_state",
          "the first frame is initial_state");
  const Json& state = frames[0]->json;
  require(state["activeGames"] == Json(truth_.games), "the first frame tells the games",
          frames[0]->text);
  const bool is_reset = state.contains("reset");
  require(since.epoch != 0 || !is_reset, "no-needless-reset: who has no place is not reset");
  const bool is_erased = client.is_undone || client.era() < clear_era_;
  require(since.epoch == 0 || !is_erased || is_reset,
          "missed-in-silence: no place in an undone or erased history is resumed", frames[0]->text);
  const bool is_reachable = client.era() == era_ &&
                            epochs_.completed - client.epochs() < kEpochsMax &&
                            client.told() >= keeping_.from();
  require(!is_reset || !is_reachable, "no-needless-reset: nothing went wrong", frames[0]->text);
  const bool is_no_place = inbox < 0 || inbox > truth_.last;
  const std::int64_t place = is_no_place ? truth_.read : inbox;
  const Json& told = state["inbox"];
  require(told["last"] == truth_.last && told["read"] == truth_.read,
          "inbox-complete: the first frame tells how the inbox is", frames[0]->text);
  truth_.check_unread(told["unread"], host_.now);
  require(!truth_.is_lost_sure || state.contains("lost") == (truth_.lost > place),
          "inbox-complete: what was lost is told", frames[0]->text);
  check_messages(frames, place);
}

void World::check_messages(const std::vector<FramePtr>& frames, std::int64_t place) const {
  std::int64_t newest = place;
  auto mail = truth_.inbox.begin();
  const auto pass_up_to = [&](std::int64_t number) {
    for (; mail != truth_.inbox.end() && mail->number < number; ++mail) {
      const bool is_due =
          mail->number > place && mail->expires_at > host_.now && !mail->is_doubtful;
      require(!is_due, "inbox-complete: a message is left out", mail->body);
    }
  };
  for (const FramePtr& shared : frames) {
    const Frame& frame = *shared;
    if (frame.message == 0) continue;
    require(frame.message > newest, "inbox-once: messages come once and in order", frame.text);
    newest = frame.message;
    pass_up_to(newest);
    require(mail != truth_.inbox.end() && mail->number == newest &&
                frame.json["body"] == Json::parse(mail->body) &&
                frame.json["expiresAt"] == mail->expires_at && mail->expires_at > host_.now,
            "inbox-complete: a message is as it was pushed", frame.text);
    ++mail;
  }
  pass_up_to(truth_.last + 1);
}

void World::break_connection(Client& client, Draw& draw) {
  const ConnectionId socket = *client.socket;
  const unsigned how = draw.below(4);
  const bool is_late = draw.one_of(2);
  if (how == 0) {
    begin_step();
    client.close(client.arriving.size(), truth_.all);
    seats_.at(socket).client = nullptr;
    stage_.disconnect(socket);
    return finish_step();
  }
  // The server has not heard of it yet, and what was sent may arrive as long as it has not.
  if (is_late) {
    for (const Asked& asked : client.leaving) late_.push_back({.socket = socket, .asked = asked});
  }
  seats_.at(socket).client = nullptr;
  client.close(how == 1 ? 0 : draw.below(4), truth_.all);
}

void World::reload(Client& client, Draw& draw) {
  if (client.socket) break_connection(client, draw);
  const unsigned kept = draw.below(4);
  client.reload(new_run(), (kept & 1U) != 0, (kept & 2U) != 0);
}

// The first client of a device takes over from the second, or the other way round.
void World::take_over(Client& client, Draw& draw) {
  const auto at = static_cast<std::size_t>(&client - clients_.data());
  Client& other = clients_[at ^ 1U];
  if (other.socket) {
    const ConnectionId socket = *other.socket;
    for (const Asked& asked : other.leaving) late_.push_back({.socket = socket, .asked = asked});
    seats_.at(socket).client = nullptr;
    other.close(draw.below(4), truth_.all);
  }
  client.take_over(other);
  other.reload(new_run(), false, false);
}

void World::read_arrived(Client& client) {
  if (!client.socket) return;
  client.is_lagging = !client.is_lagging;
  if (client.is_lagging) return;
  client.read_arrived(truth_.all);
  require(client.told() == truth_.all.size(),
          "missed-in-silence: who has read all was told what goes to all");
  check_values(client);
}

void World::arrive_late(Draw& draw) {
  if (!late_.empty()) {
    const Late late = late_.front();
    late_.erase(late_.begin());
    return serve(late.socket, late.asked);
  }
  // The server hears that a connection is gone.
  std::vector<ConnectionId> gone;
  for (const auto& [socket, seat] : seats_) {
    if (seat.client == nullptr) gone.push_back(socket);
  }
  if (gone.empty()) return;
  begin_step();
  stage_.disconnect(gone[draw.below(static_cast<unsigned>(gone.size()))]);
  finish_step();
}

void World::use_version1(Draw& draw) {
  std::vector<ConnectionId> here;
  for (const auto& [socket, seat] : seats_) {
    if (!seat.is_v2) here.push_back(socket);
  }
  const unsigned how = draw.below(6);
  if (here.empty() || (how == 0 && here.size() < 2)) {
    begin_step();
    const ConnectionId socket = next_socket_++;
    const std::string device = "hook" + std::to_string(draw.below(2));
    stage_.connect(socket, device);
    seats_[socket] = {.is_v2 = false, .device = device};
    const FramePtr frame = sent().to(socket).front();
    require(frame->json["activeGames"] == Json(truth_.games), "version 1 is told the games");
    return finish_step();
  }
  const ConnectionId socket = here[draw.below(static_cast<unsigned>(here.size()))];
  if (how == 1) {
    begin_step();
    stage_.disconnect(socket);
    return finish_step();
  }
  serve(socket, {.json = draw_message(draw, nullptr)});
}

}  // namespace user_session
