// What is counted for the operator (format/metrics.h), since when, and how much of it has been
// collected. Who collects it does not belong here.
#pragma once

#include "event.h"
#include "format/metrics.h"

namespace user_session {

class Meter {
 public:
  void add(Counter counter, std::int64_t amount = 1) { metrics_.add(counter, amount); }

  // Takes over what an attachment has carried.
  void restore(const Metrics& metrics, TimeMs since);
  // Counts a waking; `is_new` if no attachment carried anything.
  void wake(TimeMs now, TimeMs last_active, bool is_collected, bool is_new);
  // Counts the time up to `until` as awake.
  void note_awake_until(TimeMs until);

  // Whether somebody collects, and enough time has passed since they did.
  [[nodiscard]] bool is_due(TimeMs now) const;
  [[nodiscard]] bool is_collected() const { return is_collected_; }
  // What has been counted since it was collected last; it is collected now.
  Metrics collect(TimeMs now);

  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  [[nodiscard]] TimeMs since() const { return since_; }

 private:
  bool is_collected_ = false;
  Metrics metrics_;
  TimeMs since_ = 0;
  // Up to when Counter::kAwakeMs is counted.
  TimeMs awake_until_ = 0;
  Metrics collected_;
  TimeMs collected_at_ = 0;
};

}  // namespace user_session
