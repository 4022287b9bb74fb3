// The frames of a step as devices of version 2 read them: v2_frames.cpp takes the numbers off, and
// sorts what goes to all from what concerns a single device.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host.h"

namespace user_session {

using Json = nlohmann::json;

struct Frame {
  std::string text;
  Json json;
  std::string type;
  // Text without its number and the epoch's name.
  std::string plain;
  // Number among the frames to all; 0 if it has none.
  std::int64_t seq = 0;
  // Epoch that begins with it, or that a whole state tells; 0 if it names none.
  std::int64_t epoch = 0;
  // Number of a message of the inbox; 0 if it is none.
  std::int64_t message = 0;
  // Id of the request that it answers; empty if it answers none.
  std::string id;
};

Frame frame_of(std::string_view text);

using FramePtr = std::shared_ptr<const Frame>;

// The frames of a step, each read once.
class Sent {
 public:
  struct Entry {
    // Socket that it was sent to; kNoConnection stands for all.
    ConnectionId socket = kNoConnection;
    FramePtr frame;
  };

  explicit Sent(const Host& host);
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::vector<FramePtr> to(ConnectionId socket) const;

 private:
  std::vector<Entry> entries_;
};

// Returns true if a frame of the last step has this text in it.
bool is_sent(const Host& host, std::string_view part);

// Returns true if a frame is one of those to all that a device which comes back is brought.
bool is_news(const Frame& frame);
// Returns true if a frame is replaced by the first one of a device that comes back.
bool is_replaced(const Frame& frame);
// Returns true if a frame tells a device all about the user.
bool is_whole(const Frame& frame);

}  // namespace user_session
