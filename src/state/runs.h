// What each run of a client has asked for, so that a request that is repeated, because its answer
// was lost with a connection, is not done twice. What an answer says is in handlers/frames.cpp.
//
// A run is one run of one client program. It numbers its requests from 1 on. Of a run the highest
// number is known, a bit for that number and for each of the kRunWindow below it, which says that
// it was done, and the number from which on a missing bit says that it was not done. A number
// further back, and one of a run that was forgotten, may have been done or not. This is the
// anti-replay window of RFC 4303, section 3.4.3.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/bytes.h"
#include "limits.h"
#include "request_id.h"

namespace user_session {

class Runs {
 public:
  // What is known of a request: that it was done, that it was not, or neither.
  enum class Known { kDone, kNotDone, kNothing };

  // Notes that a run uses a number for the first time. Returns false, with nothing noted, unless
  // the number is above all that the run has used.
  [[nodiscard]] bool use(const RequestId& id);

  // Returns what is known of a request that is repeated.
  [[nodiscard]] Known find(const RequestId& id) const;
  // Notes that a request is done whose number was used before, or is known as not done.
  void note_done(const RequestId& id);

  // Forgets the runs without a connection but for the kAwayRunsMax that asked last, and those that
  // asked longest ago if there are more than kRunsMax. `is_here` returns true for the run of an
  // open connection. Every step ends with it, since a connection that closes within a step may be
  // replaced in it by one of the same run.
  template <typename Predicate>
  void trim(Predicate is_here);
  // Notes that a connection has closed, so that there may be more runs without one.
  void note_closed() { is_untrimmed_ = true; }
  // Forgets all runs.
  void forget() { runs_.clear(); }
  // Forgets the run that asked longest ago. There must be one.
  void forget_oldest();
  // Forgets of every run what was not done: after a crash nobody knows whether a request was done
  // that no row knows.
  void forget_not_done();

  [[nodiscard]] std::size_t size() const { return runs_.size(); }
  // True if anything has changed since the carrier's attachment was written.
  [[nodiscard]] bool is_unattached() const { return is_unattached_; }
  void note_attached() { is_unattached_ = false; }

  // Appends the stored form, which rows and attachments have.
  void encode(std::string& out) const;
  // Reads a record that `encode` wrote, in place of what is known. Returns false if it is damaged;
  // the content is then undefined.
  [[nodiscard]] bool restore(ByteReader& reader);

 private:
  struct Run {
    std::string name;
    // Highest number that the run has used.
    std::int64_t highest = 0;
    // Number from which on a missing bit says that a request was not done; kNever if none does.
    std::int64_t known_from = 0;
    bool is_highest_done = false;
    // Bit i is set if the request with the number `highest - 1 - i` is done.
    std::uint64_t done_below = 0;
    // Bytes of a later release (format/bytes.h).
    std::string rest;
  };

  static constexpr std::int64_t kNever = kSafeIntegerMax + 1;

  // Returns the run, which is then the one that asked last. It is added if it is not there.
  Run& touch(std::string_view name);
  [[nodiscard]] const Run* look_up(std::string_view name) const;
  // Makes `number` the highest of a run, if it is higher.
  static void raise(Run& run, std::int64_t number);

  // The run that asked last is the last one.
  std::vector<Run> runs_;
  // Bytes of a later release behind all runs.
  std::string rest_;
  bool is_unattached_ = false;
  // True if there may be more runs than are to be kept.
  bool is_untrimmed_ = false;
};

template <typename Predicate>
void Runs::trim(Predicate is_here) {
  if (!is_untrimmed_) return;
  is_untrimmed_ = false;
  std::size_t away = 0;
  for (std::size_t i = runs_.size(); i-- > 0;) {
    if (is_here(std::string_view(runs_[i].name)) || ++away <= kAwayRunsMax) continue;
    runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(i));
    is_unattached_ = true;
  }
  while (runs_.size() > kRunsMax) forget_oldest();
}

}  // namespace user_session
