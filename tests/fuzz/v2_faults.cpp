// What befalls the object: it sleeps, traps, crashes and is restored, clocks jump, and bytes are
// damaged or are those of a later release.
#include <limits>

#include "checks.h"
#include "format/attachment.h"
#include "limits.h"
#include "v2_world.h"

namespace user_session {

void World::wake() {
  stage_.sleep();
  require(host_.effects().list().empty(), "a waking from what is sound has no effects");
}

void World::sleep() {
  begin_step();
  keeping_.end_instance(truth_.all, !seats_.empty());
  if (seats_.empty()) {
    // A run that never had anything done is in no row.
    std::erase_if(known_from_,
                  [&](const auto& entry) { return !truth_.runs_done.contains(entry.first); });
  }
  wake();
}

void World::lose_everything() {
  seats_.clear();
  host_.sockets.clear();
  for (Client& client : clients_) {
    if (client.socket) client.close(0, truth_.all);
  }
  late_.clear();
  excuse_after_fault();
  known_from_.clear();
  v2_lag_ = std::numeric_limits<std::int32_t>::max();
}

void World::excuse_after_fault() {
  is_row_doubtful_ = true;
  const bool was_any_known = epochs_.is_any_known || epochs_.is_any_perhaps_known;
  excuse();
  epochs_.is_any_perhaps_known = was_any_known;
}

void World::crash() {
  begin_step();
  lose_everything();
  stage_.crash();
  require(host_.effects().list().empty(), "a waking after a crash has no effects");
}

void World::restore() {
  if (!saved_) return;
  begin_step();
  lose_everything();
  stage_.end_story();
  // The clock goes forward from what was undone, since numbers and epochs come from it.
  earliest_ = std::max({earliest_, *times_.rbegin(), truth_.last, *versions_.rbegin()}) + 1;
  host_.now = std::max(host_.now, earliest_);
  host_.stored = saved_->host.stored;
  host_.stored_logout = saved_->host.stored_logout;
  host_.stored_inbox = saved_->host.stored_inbox;
  host_.stored_messages = saved_->host.stored_messages;
  host_.stored_values = saved_->host.stored_values;
  truth_ = saved_->truth;
  clear_era_ = saved_->clear_era;
  for (Client& client : clients_) {
    client.is_undone = client.is_undone || client.told() > truth_.all.size();
  }
  keeping_.forget(truth_.all);
  rows_.note(host_);
  wake();
}

void World::damage(Draw& draw) {
  if (seats_.empty()) return;
  begin_step();
  auto seat = seats_.begin();
  std::advance(seat, draw.below(static_cast<unsigned>(seats_.size())));
  const std::string& attachment = host_.sockets.at(seat->first).attachment;
  const auto decoded = decode_attachment(attachment);
  const bool is_carrier = decoded && !decoded->shared.empty();
  stage_.attach(seat->first, draw.one_of(2) ? "" : "\xff" + attachment);
  keeping_.end_instance(truth_.all, true);
  if (is_carrier) {
    excuse_after_fault();
    known_from_.clear();
    // Without the runs nobody can tell a number that a new leader has repeated since.
    late_.clear();
    v2_lag_ = std::numeric_limits<std::int32_t>::max();
  }
  stage_.sleep();
  for (const Effect& effect : host_.effects().list()) {
    require(effect.kind != EffectKind::kExpel || effect.connection == seat->first,
            "what is damaged costs nobody else a connection");
  }
  require(!host_.sockets.contains(seat->first), "a connection without a name is closed");
  if (seat->second.client != nullptr) seat->second.client->close(0, truth_.all);
  seats_.erase(seat);
  if (is_any_v2_open()) {
    // Whoever stays is told who is left, in a new epoch unless one is open.
    epochs_.is_any_known = epochs_.is_surely_open = is_counted_ = cost_.may_store = true;
  }
  finish_step();
}

void World::add_room(Draw& draw) {
  begin_step();
  const std::string room(draw.below(4) + 1, static_cast<char>('A' + draw.below(26)));
  constexpr std::size_t kRoomMax = 40;
  for (auto& [socket, seat] : seats_) {
    if (seat.room.size() > kRoomMax) continue;
    stage_.attach(socket, host_.sockets.at(socket).attachment + room);
    seat.room += room;
  }
  stage_.end_story();
  if (host_.stored) *host_.stored += room;
  if (host_.stored_inbox) *host_.stored_inbox += room;
  rows_.note(host_);
  keeping_.end_instance(truth_.all, !seats_.empty());
  wake();
}

// The module traps at a frame: nothing of it is done, and the device is told that it was our fault.
void World::trap(Client& client, Draw& draw) {
  if (!client.socket || !client.can_ask()) return;
  flush(client);
  if (!client.socket) return;
  const Asked asked = client.ask(draw_message(draw, &client));
  begin_step();
  Host doomed = host_;
  const std::string text = asked.text();
  doomed.receive(*client.socket, true, text, text.size());
  keeping_.end_instance(truth_.all, true);
  wake();
  const Json error = {{"type", "error"}, {"code", "internal"}, {"id", asked.id()}};
  client.arriving.push_back({.frame = std::make_shared<const Frame>(frame_of(error.dump()))});
  if (!client.is_lagging) client.read_arrived(truth_.all);
}

void World::turn_clock(Draw& draw) {
  const TimeMs by = kTimes[draw.below(kTimes.size())];
  if (draw.one_of(4)) {
    host_.now = std::max(earliest_, host_.now - by);
  } else {
    host_.now += by;
  }
  truth_.expire(host_.now);
}

void World::beat(Draw& draw) {
  begin_step();
  if (draw.one_of(3)) {
    stage_.read_heartbeats();
    return finish_step();
  }
  for (const auto& [socket, seat] : seats_) {
    if (draw.one_of(2)) stage_.beat(socket);
  }
}

}  // namespace user_session
