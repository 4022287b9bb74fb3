#include "v2_stage.h"

#include <utility>

#include "operations.h"

namespace user_session {

void Stage::note(std::string command, std::string_view text) {
  if (!note_) return;
  if (noted_ != host_.now) note_("at " + std::to_string(host_.now));
  noted_ = host_.now;
  note_(command += in_scenario(text));
}

void Stage::begin(TimeMs now, bool is_limited) {
  host_.user_id = "alice";
  host_.now = now;
  if (is_limited) {
    host_.rate_limits.frames = {.count = 2, .per_ms = 1'000, .burst = 4};
    host_.rate_limits.user_frames = {.count = 4, .per_ms = 1'000, .burst = 6};
    note("allow frames 2 1000 4");
    note("allow user_frames 4 1000 6");
  }
  note("wake alice");
  host_.wake();
}

void Stage::connect(ConnectionId socket, std::string_view device) {
  note("connect " + std::to_string(socket) + ' ' + std::string(device));
  host_.connect(socket, device);
}

void Stage::connect_v2(ConnectionId socket, std::string_view device, const Host::V2& says) {
  std::string command = "connect2 " + std::to_string(socket) + ' ' + std::string(device);
  if (!says.tab_id.empty()) command += '/' + std::string(says.tab_id);
  if (!says.run.empty()) command += " run=" + std::string(says.run);
  if (says.since.epoch != 0) {
    command += " since=" + std::to_string(says.since.epoch) + '.' + std::to_string(says.since.seq);
  }
  if (says.inbox >= 0) command += " inbox=" + std::to_string(says.inbox);
  note(command);
  host_.connect_v2(socket, device, says);
}

void Stage::receive(ConnectionId socket, std::string_view text) {
  note("frame " + std::to_string(socket) + ' ', text);
  host_.receive(socket, true, text, text.size());
}

void Stage::disconnect(ConnectionId socket) {
  note("disconnect " + std::to_string(socket));
  host_.disconnect(socket);
}

void Stage::push(const PushRequested& event) {
  const std::string keep = event.keep_s > 0 ? std::to_string(event.keep_s) : "-";
  const std::string id = event.push_id.empty() ? "-" : std::string(event.push_id);
  const std::string to = event.audience.to.empty() ? "-" : std::string(event.audience.to[0]);
  note("push2 " + keep + ' ' + id + ' ' + to + " - ", event.payload.text);
  host_.request(event);
}

void Stage::change_game(bool is_joined, std::string_view game) {
  note((is_joined ? "join " : "leave ") + std::string(game));
  if (is_joined) {
    host_.request(GameJoinRequested{.now = host_.now, .game_id = game});
  } else {
    host_.request(GameLeaveRequested{.now = host_.now, .game_id = game});
  }
}

void Stage::change_value(std::string_view frame) {
  note("change ", frame);
  host_.request(ValueChangeRequested{
      .now = host_.now, .credential = {}, .payload = {.text = frame, .size_bytes = frame.size()}});
}

void Stage::clear() {
  note("clear");
  host_.request(ClearRequested{.now = host_.now, .credential = {}});
}

void Stage::beat(ConnectionId socket) {
  note("heartbeat " + std::to_string(socket));
  host_.sockets.at(socket).heartbeat = host_.now;
}

void Stage::read_heartbeats() {
  note("heartbeats");
  host_.read_heartbeats();
}

void Stage::sleep() {
  note("sleep");
  host_.wake();
}

void Stage::crash() {
  note("crash");
  host_.sockets.clear();
  host_.wake();
}

void Stage::attach(ConnectionId socket, std::string bytes) {
  note("attached " + std::to_string(socket) + ' ', bytes);
  host_.sockets.at(socket).attachment = std::move(bytes);
}

}  // namespace user_session
