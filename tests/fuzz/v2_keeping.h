// The news that the server still has for devices that come back, at the least: how much that is
// depends on how often it has slept since, and whether it expected anybody. limits.h has the sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "event.h"

namespace user_session {

class Keeping {
 public:
  // One more frame went to all; `all` are all of them.
  void note_news(const std::vector<std::string>& all);
  // A device of version 2 has closed its connection, or has come back.
  void note_gone(const std::string& device, TimeMs now);
  void note_back(const std::string& device);
  // A step is over, and what is attached has been attached.
  void finish_step(TimeMs now);

  // The instance has ended: what it had in memory is in attachments if a socket is open, and
  // otherwise in a row.
  void end_instance(const std::vector<std::string>& all, bool is_any_open);
  // Nothing is kept any more.
  void forget(const std::vector<std::string>& all) { from_ = all.size(); }

  // Returns the place in `all` from which on everything is kept.
  [[nodiscard]] std::size_t from() const { return from_; }

 private:
  void keep_last(const std::vector<std::string>& all, std::size_t bytes, std::size_t more);

  std::size_t from_ = 0;
  // Devices that are expected back, the newest last, and when they have gone.
  std::vector<std::pair<std::string, TimeMs>> missing_;
  bool is_awaiting_ = false;
};

// What an epoch must outlive: how many have been completed, at the most, and whether one is open.
struct Epochs {
  std::size_t completed = 0;
  bool is_surely_open = false;
  // A place was told since all of them were forgotten.
  bool is_any_known = false;

  // Places may be known still although a fault has excused whoever has one: it has lost nothing if
  // no epoch was open.
  bool is_any_perhaps_known = false;

  void forget() { is_surely_open = is_any_known = is_any_perhaps_known = false; }
};

}  // namespace user_session
