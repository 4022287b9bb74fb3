// The arithmetic of the metrics; see meter.h.
#include "state/meter.h"

#include <algorithm>

#include "limits.h"

namespace user_session {

void Meter::restore(const Metrics& metrics, TimeMs since) {
  metrics_ = metrics;
  since_ = since;
}

void Meter::wake(TimeMs now, TimeMs last_active, bool is_collected, bool is_new) {
  is_collected_ = is_collected;
  collected_ = metrics_;
  awake_until_ = std::max(now, last_active);
  metrics_.add(Counter::kWakes);
  if (is_new) since_ = now;
}

void Meter::note_awake_until(TimeMs until) {
  metrics_.add(Counter::kAwakeMs, std::max<TimeMs>(0, until - awake_until_));
  awake_until_ = std::max(awake_until_, until);
}

bool Meter::is_due(TimeMs now) const {
  return now < collected_at_ || now - collected_at_ >= kAttachmentLagMs;
}

Metrics Meter::collect(TimeMs now) {
  const Metrics difference = metrics_.since(collected_);
  collected_ = metrics_;
  collected_at_ = now;
  return difference;
}

}  // namespace user_session
