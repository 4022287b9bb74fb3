// The metrics of one user while an instance lives, and how much of them has been collected. What is
// counted is in format/metrics.h; who collects it is the caller's matter (RecordMetrics in
// effect.h).
#pragma once

#include "event.h"
#include "format/metrics.h"

namespace user_session {

// The counts, which ride in attachments from instance to instance.
class Meter {
 public:
  void add(Counter counter, std::int64_t amount = 1) { metrics_.add(counter, amount); }

  // Sets the counts to those of an attachment, which began at `since`.
  void restore(const Metrics& metrics, TimeMs since);
  // Counts the waking of this instance at `now`. `last_active` may be later, if the clock was set
  // back; `is_new` is true if no open connection has an attachment, so that counting begins now.
  // `is_collected` says whether somebody collects.
  void wake(TimeMs now, TimeMs last_active, bool is_collected, bool is_new);
  // Adds the time from the last call, or from the waking, up to `until` to Counter::kAwakeMs.
  void note_awake_until(TimeMs until);

  // Returns true if at least kAttachmentLagMs have passed since the counts were collected, or if
  // the clock was set back since.
  [[nodiscard]] bool is_due(TimeMs now) const;
  // True if somebody collects the counts.
  [[nodiscard]] bool is_collected() const { return is_collected_; }
  // Returns what was added since the last call, or since the waking, and notes that it is
  // collected.
  Metrics collect(TimeMs now);

  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  // Time when counting began.
  [[nodiscard]] TimeMs since() const { return since_; }

 private:
  bool is_collected_ = false;
  Metrics metrics_;
  TimeMs since_ = 0;
  // Time up to which Counter::kAwakeMs is counted.
  TimeMs awake_until_ = 0;
  // Counts at the last collection, and its time.
  Metrics collected_;
  TimeMs collected_at_ = 0;
};

}  // namespace user_session
