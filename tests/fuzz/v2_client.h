// A client of version 2 that follows the rules of docs/protocol.md, and requires what they promise
// it. It has one run and one connection at a time. Frames to it and from it may be under way, and
// are lost when the connection breaks. What it is sent is decided elsewhere (v2_world.h).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host.h"
#include "v2_frames.h"
#include "v2_truth.h"

namespace user_session {

// A request, or a frame without an id, as the client has written it.
struct Asked {
  // Run and number; the run is empty if it has no id.
  std::string run = {};
  std::int64_t number = 0;
  Json json = {};
  // It was sent on the present connection, and not answered there.
  bool is_under_way = false;
  // It was sent before, so it is repeated.
  bool is_again = false;

  [[nodiscard]] std::string id() const;
  [[nodiscard]] std::string text() const;
};

// A frame on its way to the client, and how things stood when it was sent.
struct Arriving {
  FramePtr frame;
  std::size_t all_size = 0;
  int era = 0;
  std::size_t epochs = 0;
};

class Client {
 public:
  Client(std::string device, std::string tab, std::string run)
      : device_(std::move(device)), tab_(std::move(tab)), run_(std::move(run)) {}

  // The connection

  [[nodiscard]] Host::V2 says(bool has_place, bool has_inbox) const;
  // Takes a new connection, on which all that is unanswered may be repeated, and for which it has
  // said so much of what it has.
  void open(ConnectionId connection, const Host::V2& said);
  // The connection is gone for the client, after the first `arrived` of the frames under way.
  void close(std::size_t arrived, const std::vector<std::string>& all);
  // Reads all that has arrived. `all` is the news to all.
  void read_arrived(const std::vector<std::string>& all);

  // Requests

  // Returns true if the window of numbers has room for another.
  [[nodiscard]] bool can_ask() const;
  // Adds a request with an id, and returns it.
  Asked& ask(Json json);
  // Returns the first request that is not under way; nullptr if there is none.
  [[nodiscard]] Asked* next_to_repeat();
  // Returns true if the answers to a request count that come by its connection.
  [[nodiscard]] bool owns(const std::string& id) const;
  // Takes over what another one has not got answered; that one has gone for good.
  void take_over(Client& other);
  // Forgets what a page forgets that is loaded anew, but for its place if that is kept.
  void reload(std::string run, bool keeps_place, bool keeps_inbox);

  [[nodiscard]] const std::string& device() const { return device_; }
  [[nodiscard]] const std::string& tab() const { return tab_; }
  [[nodiscard]] const std::string& run() const { return run_; }
  [[nodiscard]] Position place() const { return place_; }
  [[nodiscard]] std::int64_t inbox() const { return inbox_; }
  [[nodiscard]] const std::map<std::string, ValueTruth>& values() const { return values_; }
  // Era and epochs of its place, and how much of the news it has been told.
  [[nodiscard]] int era() const { return era_; }
  [[nodiscard]] std::size_t epochs() const { return epochs_; }
  [[nodiscard]] std::size_t told() const { return told_; }

  std::optional<ConnectionId> socket;
  std::deque<Arriving> arriving;
  // What it has sent waits, or what it is sent does.
  bool is_held = false;
  bool is_lagging = false;
  std::vector<Asked> leaving;
  // It was told what a restored backup knows nothing of.
  bool is_undone = false;

 private:
  void read(const Arriving& arrived, const std::vector<std::string>& all);
  void read_whole(const Arriving& arrived);
  void read_numbered(const Arriving& arrived, const std::vector<std::string>& all);
  void read_answer(const Frame& frame);
  void read_value(const Frame& frame);
  void raise(const Arriving& arrived);

  std::string device_;
  std::string tab_;
  std::string run_;
  Position place_;
  int era_ = 0;
  std::size_t epochs_ = 0;
  std::size_t told_ = 0;
  std::int64_t inbox_ = Connected::kNoPlace;
  std::map<std::string, ValueTruth> values_;
  std::int64_t asked_count_ = 0;
  // Requests that are not settled, its own and those of others before it.
  std::deque<Asked> asked_;

  // On the present connection: the place that it gave, the number that the first frame told, and
  // that of the newest frame since.
  Position since_;
  std::int64_t greeted_ = 0;
  std::int64_t newest_ = 0;
  bool is_greeted_ = false;
};

}  // namespace user_session
