#include "requests.h"

#include <algorithm>

#include "hash.h"
#include "limits.h"

namespace user_session {
namespace {

// Hash, number and time.
constexpr std::size_t kEncodedBytes = 3 * sizeof(std::int64_t);

bool is_kept(TimeMs done_at, TimeMs now) { return now - done_at < kRequestsKeptMs; }

}  // namespace

std::optional<std::int64_t> DoneRequests::find(std::string_view id, TimeMs now) const {
  const auto known = std::find(hashes_.begin(), hashes_.end(), hash_of(id));
  if (known == hashes_.end()) return std::nullopt;
  const Answer& answer = answers_[static_cast<std::size_t>(known - hashes_.begin())];
  if (!is_kept(answer.done_at, now)) return std::nullopt;
  return answer.seq;
}

void DoneRequests::add(std::string_view id, std::int64_t seq, TimeMs now) {
  add_hash(hash_of(id), {.seq = seq, .done_at = now});
}

void DoneRequests::add_hash(std::uint64_t hash, Answer answer) {
  const auto known = std::find(hashes_.begin(), hashes_.end(), hash);
  if (known != hashes_.end()) {
    answers_[static_cast<std::size_t>(known - hashes_.begin())] = answer;
  } else if (hashes_.size() < kRequestsMax) {
    hashes_.push_back(hash);
    answers_.push_back(answer);
  } else {
    hashes_[next_] = hash;
    answers_[next_] = answer;
    next_ = (next_ + 1) % kRequestsMax;
  }
}

bool DoneRequests::is_empty(TimeMs now) const {
  return std::none_of(answers_.begin(), answers_.end(),
                      [&](const Answer& answer) { return is_kept(answer.done_at, now); });
}

void DoneRequests::encode(TimeMs now, std::string& out) const {
  const auto kept = std::count_if(answers_.begin(), answers_.end(), [&](const Answer& answer) {
    return is_kept(answer.done_at, now);
  });
  append_u32(out, static_cast<std::uint32_t>(kept));
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    const std::size_t at = (next_ + i) % hashes_.size();
    if (!is_kept(answers_[at].done_at, now)) continue;
    append_i64(out, static_cast<std::int64_t>(hashes_[at]));
    append_i64(out, answers_[at].seq);
    append_i64(out, answers_[at].done_at);
  }
}

bool DoneRequests::restore(ByteReader& reader) {
  const std::uint32_t count = reader.count(kEncodedBytes);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto hash = static_cast<std::uint64_t>(reader.i64());
    const std::int64_t seq = reader.time();
    const TimeMs done_at = reader.time();
    if (std::find(hashes_.begin(), hashes_.end(), hash) == hashes_.end()) {
      add_hash(hash, {.seq = seq, .done_at = done_at});
    }
  }
  return !reader.failed();
}

}  // namespace user_session
