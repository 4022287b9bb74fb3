// The kept pushes and the format of their row; see kept.h.
#include "state/kept.h"

#include <algorithm>

#include "format/hash.h"
#include "limits.h"

namespace user_session {
namespace {

constexpr std::uint8_t kVersion = 1;

// Number, place, time and the length of the body.
constexpr std::size_t kPushBytesMin = (4 * sizeof(std::int64_t)) + sizeof(std::uint32_t);
constexpr std::size_t kGivenBytes = 4 * sizeof(std::int64_t);

}  // namespace

bool KeptPushes::remember(std::string_view push_id) {
  const std::uint64_t hash = hash_of(push_id);
  if (std::find(push_ids_.begin(), push_ids_.end(), hash) != push_ids_.end()) return false;
  if (push_ids_.size() >= kPushIdsMax) push_ids_.erase(push_ids_.begin());
  push_ids_.push_back(hash);
  is_unstored_ = true;
  return true;
}

std::size_t KeptPushes::add(std::string_view body, Position position, TimeMs expires_at) {
  pushes_.push_back({.number = ++last_number_,
                     .position = position,
                     .expires_at = expires_at,
                     .body = std::string(body)});
  std::size_t bytes = 0;
  std::size_t first = pushes_.size();
  while (first > 0 && pushes_.size() - first < kKeptPushesMax) {
    bytes += pushes_[first - 1].body.size();
    if (bytes > kKeptBytesMax) break;
    --first;
  }
  pushes_.erase(pushes_.begin(), pushes_.begin() + static_cast<std::ptrdiff_t>(first));
  is_unstored_ = true;
  return first;
}

bool KeptPushes::expire(TimeMs now) {
  const bool is_any_gone =
      std::erase_if(pushes_, [&](const KeptPush& push) { return push.expires_at <= now; }) > 0;
  if (is_any_gone) is_unstored_ = true;
  return is_any_gone;
}

std::int64_t KeptPushes::given(std::string_view device_id, std::int64_t since_epoch) const {
  const std::uint64_t device = hash_of(device_id);
  const auto known = std::find_if(given_.begin(), given_.end(),
                                  [&](const Given& given) { return given.device == device; });
  if (known == given_.end()) return 0;
  return since_epoch != 0 && since_epoch < known->epoch ? known->before : known->number;
}

bool KeptPushes::give_all(std::string_view device_id, std::int64_t since_epoch,
                          std::int64_t epoch) {
  Given next = {.device = hash_of(device_id),
                .number = last_number_,
                .epoch = epoch,
                .before = given(device_id, since_epoch)};
  if (next.before == last_number_) return false;
  const auto known = std::find_if(given_.begin(), given_.end(),
                                  [&](const Given& given) { return given.device == next.device; });
  if (known != given_.end()) {
    if (known->epoch == epoch) next.before = known->before;
    given_.erase(known);
  }
  if (given_.size() >= kRememberedDevicesMax) given_.erase(given_.begin());
  given_.push_back(next);
  is_unstored_ = true;
  return true;
}

void KeptPushes::encode(std::string& out) const {
  append_u8(out, kVersion);
  append_i64(out, last_number_);
  append_u32(out, static_cast<std::uint32_t>(pushes_.size()));
  for (const KeptPush& push : pushes_) {
    append_i64(out, push.number);
    append_i64(out, push.position.epoch);
    append_i64(out, push.position.seq);
    append_i64(out, push.expires_at);
    append_text(out, push.body);
  }
  append_u32(out, static_cast<std::uint32_t>(given_.size()));
  for (const Given& given : given_) {
    append_i64(out, static_cast<std::int64_t>(given.device));
    append_i64(out, given.number);
    append_i64(out, given.epoch);
    append_i64(out, given.before);
  }
  append_u32(out, static_cast<std::uint32_t>(push_ids_.size()));
  for (const std::uint64_t id : push_ids_) append_i64(out, static_cast<std::int64_t>(id));
}

bool KeptPushes::restore(std::string_view bytes) {
  ByteReader reader(bytes);
  forget();
  const bool is_known = reader.u8() == kVersion;
  last_number_ = reader.safe_integer();
  for (std::uint32_t left = reader.count(kPushBytesMin); left > 0; --left) {
    KeptPush& push = pushes_.emplace_back();
    push.number = reader.safe_integer();
    push.position.epoch = reader.safe_integer();
    push.position.seq = reader.safe_integer();
    push.expires_at = reader.safe_integer();
    push.body = reader.text();
  }
  for (std::uint32_t left = reader.count(kGivenBytes); left > 0; --left) {
    Given& given = given_.emplace_back();
    given.device = static_cast<std::uint64_t>(reader.i64());
    given.number = reader.safe_integer();
    given.epoch = reader.safe_integer();
    given.before = reader.safe_integer();
  }
  for (std::uint32_t left = reader.count(sizeof(std::uint64_t)); left > 0; --left) {
    push_ids_.push_back(static_cast<std::uint64_t>(reader.i64()));
  }
  std::size_t total = 0;
  std::int64_t number = 0;
  bool is_ascending = true;
  for (const KeptPush& push : pushes_) {
    is_ascending = is_ascending && push.number > number;
    number = push.number;
    total += push.body.size();
  }
  const bool has_numbers = is_ascending && number <= last_number_;
  const bool fits = pushes_.size() <= kKeptPushesMax && total <= kKeptBytesMax &&
                    given_.size() <= kRememberedDevicesMax && push_ids_.size() <= kPushIdsMax;
  if (is_known && has_numbers && fits && reader.finished()) return true;
  forget();
  return false;
}

}  // namespace user_session
