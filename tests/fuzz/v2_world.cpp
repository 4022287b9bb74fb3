#include "v2_world.h"

#include <algorithm>

#include "checks.h"
#include "limits.h"

namespace user_session {
namespace {

constexpr int kClients = 6;
constexpr TimeMs kBegins = 1'700'000'000'000;

}  // namespace

World::World(Draw& draw, Stage::Note note) : stage_(std::move(note)) {
  stage_.begin(kBegins, draw.one_of(4));
  earliest_ = kBegins;
  clients_.reserve(kClients);
  for (int i = 0; i < kClients; ++i) {
    const std::string tab = i == kClients - 1 ? "" : i % 2 == 0 ? "t" : "u";
    clients_.emplace_back("d" + std::to_string(i / 2), tab, new_run());
  }
}

void World::go_on(Draw& draw) {
  Client& client = clients_[draw.below(kClients)];
  const unsigned which = draw.below(50);
  if (which < 6) return client.socket ? break_connection(client, draw) : connect(client, draw);
  if (which < 16) return ask(client, draw);
  if (which < 20) return repeat(client, draw);
  if (which < 24) return push(draw);
  if (which < 27) return use_version1(draw);
  switch (which) {
    case 27:
      return flush(client);
    case 28:
      return read_arrived(client);
    case 29:
      return reload(client, draw);
    case 30:
      return take_over(client, draw);
    case 31:
      return arrive_late(draw);
    case 32:
      return lie(client, draw);
    case 33:
      return change_game(draw);
    case 34:
      return clear();
    case 35:
      return overflow(draw);
    case 36:
      return visit_often(draw.below(8));
    case 37:
    case 38:
      return sleep();
    case 39:
      return crash();
    case 40:
      saved_ = Backup{.host = host_, .truth = truth_, .clear_era = clear_era_};
      return;
    case 41:
      return restore();
    case 42:
      return damage(draw);
    case 43:
      return add_room(draw);
    case 44:
      return trap(client, draw);
    case 45:
      return beat(draw);
    case 46:
      return change_value(draw_change(draw));
    default:
      return turn_clock(draw);
  }
}

// A step

void World::begin_step() {
  ++step_;
  ++host_.now;
  // No time comes twice, so no epoch is named by chance as another that a backup has undone.
  while (!times_.insert(host_.now).second) ++host_.now;
  truth_.expire(host_.now);
  expected_.clear();
  message_.reset();
  sent_.reset();
  newcomer_.reset();
  cost_ = {};
  is_counted_ = false;
  was_anyone_here_ = !seats_.empty();
  was_open_ = epochs_.is_surely_open;
}

void World::expect(std::string v2, std::string v1) {
  expected_.push_back({.v2 = std::move(v2), .v1 = std::move(v1)});
  count();
}

void World::count() {
  const TimeMs since = host_.now - v2_at_;
  if (is_any_v2_open() || since <= kAwaitedMs - v2_lag_) {
    is_counted_ = epochs_.is_surely_open = true;
    if (!was_open_) cost_.may_store = true;
    return;
  }
  if (since <= kAwaitedMs || epochs_.is_any_known || epochs_.is_any_perhaps_known) {
    cost_.may_store = true;
  }
  is_counted_ = since <= kAwaitedMs;
  excuse();
}

void World::excuse() {
  ++era_;
  epochs_.forget();
  keeping_.forget(truth_.all);
}

void World::finish_step() {
  require_sound(host_);
  note_numbers();
  const bool is_anyone_here = !host_.sockets.empty();
  if (!is_anyone_here && (was_anyone_here_ || is_counted_)) cost_.may_store = true;
  for (const auto& [socket, seat] : seats_) {
    if (!seat.is_v2 || host_.sockets.contains(socket)) continue;
    if (truth_.devices.try_emplace(seat.device).second) cost_.may_store = true;
  }
  rows_.check(host_, cost_);
  for (const Effect& effect : host_.effects().list()) {
    if (effect.kind == EffectKind::kStore) is_row_doubtful_ = false;
  }
  for (const News& news : expected_) {
    truth_.all.push_back(news.v2);
    keeping_.note_news(truth_.all);
  }
  deliver();
  close_seats();
  if (!is_anyone_here && (was_anyone_here_ || is_counted_)) {
    ++epochs_.completed;
    epochs_.is_surely_open = false;
  }
  if (is_any_v2_open()) {
    v2_at_ = host_.now;
    v2_lag_ = 0;
  }
  keeping_.finish_step(host_.now);
  if (runs_.size() > kAwayRunsMax) forget_runs();
}

void World::note_numbers() {
  for (const Sent::Entry& entry : sent().entries()) {
    // A first frame and what is brought after it were counted before.
    if (entry.frame->seq == 0 || newcomer_ == entry.socket) continue;
    epochs_.is_surely_open = true;
    if (!was_open_) cost_.may_store = true;
  }
}

const Sent& World::sent() {
  if (!sent_) sent_.emplace(host_);
  return *sent_;
}

void World::deliver() {
  for (auto& [socket, seat] : seats_) deliver_to(socket, seat);
}

void World::deliver_to(ConnectionId socket, Seat& seat) {
  const std::vector<FramePtr> frames = sent().to(socket);
  if (!seat.is_v2) return check_version1(frames);
  const bool is_open = host_.sockets.contains(socket);
  const auto is_message = [&](const FramePtr& frame) {
    return message_ && frame->message == message_->number;
  };
  const auto messages = std::count_if(frames.begin(), frames.end(), is_message);
  require(messages == (message_ ? 1 : 0) || !is_open, "inbox-complete: who is here gets a message");
  if (is_open && !seat.room.empty()) {
    require(host_.sockets.at(socket).attachment.ends_with(seat.room),
            "what a later release has attached is kept");
  }
  if (seat.client == nullptr) return;
  Client& client = *seat.client;
  for (const FramePtr& frame : frames) {
    client.arriving.push_back(
        {.frame = frame, .all_size = truth_.all.size(), .era = era_, .epochs = epochs_.completed});
  }
  if (client.is_lagging) return;
  client.read_arrived(truth_.all);
  require(!is_open || client.told() == truth_.all.size(),
          "missed-in-silence: who is here is told what goes to all",
          truth_.all.empty() ? "" : truth_.all.back());
  if (is_open) check_values(client);
}

void World::check_version1(const std::vector<FramePtr>& frames) const {
  constexpr std::array<std::string_view, 9> kTypes = {
      "initial_state", "state", "game_joined", "game_left", "presence_updated",
      "event",         "pong",  "error",       "app"};
  std::vector<std::string> told;
  for (const FramePtr& shared : frames) {
    const Frame& frame = *shared;
    const bool is_known = std::find(kTypes.begin(), kTypes.end(), frame.type) != kTypes.end();
    require(is_known && frame.seq == 0 && frame.id.empty(), "version 1 knows nothing of version 2",
            frame.text);
    if (is_news(frame) || frame.type == "app") told.push_back(frame.text);
  }
  std::vector<std::string> expected;
  for (const News& news : expected_) {
    if (!news.v1.empty()) expected.push_back(news.v1);
  }
  if (message_) expected.push_back(message_->body);
  require(told == expected, "once-in-order: version 1 is told what goes to all");
}

void World::close_seats() {
  for (auto seat = seats_.begin(); seat != seats_.end();) {
    if (host_.sockets.contains(seat->first)) {
      ++seat;
      continue;
    }
    if (seat->second.is_v2) {
      keeping_.note_gone(seat->second.device, host_.now);
      v2_at_ = host_.now;
      v2_lag_ = 0;
    }
    if (seat->second.client != nullptr) seat->second.client->close(0, truth_.all);
    seat = seats_.erase(seat);
  }
}

bool World::is_any_v2_open() const {
  return std::any_of(seats_.begin(), seats_.end(),
                     [](const auto& entry) { return entry.second.is_v2; });
}

std::string World::new_run() {
  const std::string digits = std::to_string(++next_run_);
  return "run_" + std::string(16 - digits.size(), '-') + digits;
}

}  // namespace user_session
