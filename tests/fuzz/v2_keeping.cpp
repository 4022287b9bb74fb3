#include "v2_keeping.h"

#include <algorithm>

#include "limits.h"

namespace user_session {
namespace {

// Bytes of a stored frame beside its text: two lengths, its kind and three numbers.
constexpr std::size_t kEntryBytes = 4 + 1 + 3 + 4 + 3 + 4;

}  // namespace

void Keeping::keep_last(const std::vector<std::string>& all, std::size_t bytes, std::size_t more) {
  std::size_t from = all.size();
  std::size_t used = 0;
  while (from > from_) {
    used += all[from - 1].size() + more;
    if (used > bytes) break;
    --from;
  }
  from_ = std::max(from_, from);
}

void Keeping::note_news(const std::vector<std::string>& all) {
  if (all.size() > kJournalFramesMax) from_ = std::max(from_, all.size() - kJournalFramesMax);
  keep_last(all, kJournalBytesMax, 0);
}

void Keeping::note_gone(const std::string& device, TimeMs now) {
  note_back(device);
  if (missing_.size() == kMissingMax) missing_.erase(missing_.begin());
  missing_.emplace_back(device, now);
}

void Keeping::note_back(const std::string& device) {
  std::erase_if(missing_, [&](const auto& one) { return one.first == device; });
}

void Keeping::finish_step(TimeMs now) {
  is_awaiting_ = std::any_of(missing_.begin(), missing_.end(),
                             [&](const auto& one) { return now - one.second <= kAwaitedMs; });
}

void Keeping::end_instance(const std::vector<std::string>& all, bool is_any_open) {
  const std::size_t attached = is_awaiting_ ? kJournalAttachedBytesMax : kJournalRecentBytesMax;
  keep_last(all, is_any_open ? attached : kJournalStoredBytesMax, kEntryBytes);
  // Who was expected is told by attachments alone.
  if (!is_any_open) missing_.clear();
  is_awaiting_ = is_awaiting_ && is_any_open;
}

}  // namespace user_session
