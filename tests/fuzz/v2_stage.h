// The platform of v2_world.h, which can also tell what is done with it in the commands of scenario
// files. So a story of version 2 can be read, and be replayed in the Wasm modules.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "host.h"

namespace user_session {

class Stage {
 public:
  // Receives each command, in its order.
  using Note = std::function<void(const std::string& command)>;

  explicit Stage(Note note) : note_(std::move(note)) {}

  // Begins the story at `now`, with narrow limits for frames if `is_limited`.
  void begin(TimeMs now, bool is_limited);

  // Each does the same as the function of Host.
  void connect(ConnectionId socket, std::string_view device);
  void connect_v2(ConnectionId socket, std::string_view device, const Host::V2& says);
  void receive(ConnectionId socket, std::string_view text);
  void disconnect(ConnectionId socket);
  void push(const PushRequested& event);
  void change_game(bool is_joined, std::string_view game);
  void change_value(std::string_view frame);
  void clear();
  void beat(ConnectionId socket);
  void read_heartbeats();
  // Wakes another instance, with all sockets or without any.
  void sleep();
  void crash();
  // Replaces an attachment. Follow it by `sleep`, since only a waking instance reads it.
  void attach(ConnectionId socket, std::string bytes);

  [[nodiscard]] Host& host() { return host_; }
  [[nodiscard]] const Host& host() const { return host_; }
  // No command can say what comes next.
  void end_story() { note_ = nullptr; }

 private:
  // Notes a command that ends with a text.
  void note(std::string command, std::string_view text = {});

  Host host_;
  Note note_;
  TimeMs noted_ = 0;
};

}  // namespace user_session
