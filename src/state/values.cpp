// The values, their slots and the format of their rows; see values.h.
#include "state/values.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "format/bytes.h"

namespace user_session {
namespace {

// Version of a row. New fields go to the end of the header and need no other.
constexpr std::uint8_t kRowVersion = 1;

// Bytes of the header's length, which JavaScript reads to find the text
// (worker/object/value-texts.js).
constexpr std::size_t kLengthBytes = 2;

}  // namespace

const Value* Values::find(std::string_view key) const {
  const auto found = std::find_if(values_.begin(), values_.end(), [&](const Value& value) {
    return value.is_there && value.key == key;
  });
  return found == values_.end() ? nullptr : &*found;
}

bool Values::is_equal(const Value& value, std::string_view text) {
  return value.size == text.size() && value.digest == digest_of(text);
}

bool Values::is_full() const {
  const auto count = std::count_if(values_.begin(), values_.end(),
                                   [](const Value& value) { return value.is_there; });
  return std::cmp_greater_equal(count, kValuesMax);
}

bool Values::is_too_large(std::string_view text, const Value* replaced) const {
  std::size_t bytes = text.size();
  for (const Value& value : values_) {
    if (value.is_there && &value != replaced) bytes += value.size;
  }
  return bytes > kValuesBytesMax;
}

// Changes

std::size_t Values::slot_for(std::string_view key, std::int64_t reach,
                             std::int64_t& forgotten) const {
  std::size_t free = values_.size();
  std::size_t oldest = values_.size();
  for (std::size_t slot = 0; slot < values_.size(); ++slot) {
    const Value& value = values_[slot];
    if (value.version > 0 && value.key == key) return slot;
    if (value.is_there) continue;
    if (oldest == values_.size() || value.version < values_[oldest].version) oldest = slot;
    if (free == values_.size() && value.seq <= reach) free = slot;
  }
  if (free < values_.size() || values_.size() < kValuesMax + kDeletedValuesMax) return free;
  forgotten = values_[oldest].seq;
  return oldest;
}

std::int64_t Values::change(const Change& change) {
  std::int64_t forgotten = 0;
  const std::size_t slot = slot_for(change.key, change.reach, forgotten);
  if (slot == values_.size()) values_.emplace_back();
  last_version_ = std::max(change.now, last_version_ + 1);
  const std::string_view text = change.text.value_or(kNoText);
  Value& value = values_[slot];
  value.key = change.key;
  value.from = change.from;
  value.version = last_version_;
  value.seq = change.seq;
  value.is_there = change.text.has_value();
  value.size = static_cast<std::uint32_t>(text.size());
  value.digest = change.text ? digest_of(text) : kNoDigest;
  changed_ = {.slot = static_cast<std::uint32_t>(slot), .text = text};
  is_unstored_ = true;
  return forgotten;
}

void Values::clear() {
  values_.clear();
  is_unstored_ = false;
}

void Values::note_version(std::int64_t version) {
  last_version_ = std::max(last_version_, version);
}

// What is told

std::int64_t Values::newest_seq() const {
  std::int64_t newest = 0;
  for (const Value& value : values_) newest = std::max(newest, value.seq);
  return newest;
}

std::uint32_t Values::slot_of(const Value& value) const {
  return static_cast<std::uint32_t>(&value - values_.data());
}

ValueView Values::view(const Value& value) const {
  return {.key = value.key,
          .version = value.version,
          .from = value.from,
          .is_there = value.is_there,
          .text = {},
          .slot = slot_of(value)};
}

ValueView Values::view(std::string_view key) const {
  const Value* value = find(key);
  if (value != nullptr) return view(*value);
  ValueView none;
  none.key = key;
  return none;
}

std::vector<ValueView> Values::views(std::optional<std::string_view> only) const {
  std::vector<ValueView> views;
  for (const Value& value : values_) {
    if (value.is_there && (!only || value.key == *only)) views.push_back(view(value));
  }
  return views;
}

std::vector<const Value*> Values::changed_since(std::int64_t seq) const {
  std::vector<const Value*> changed;
  for (const Value& value : values_) {
    if (value.seq <= seq) continue;
    // There are few, and sorting them by hand takes less code than std::sort.
    auto place = changed.end();
    while (place != changed.begin() && (*std::prev(place))->seq > value.seq) --place;
    changed.insert(place, &value);
  }
  return changed;
}

std::uint32_t Values::full_size(std::string_view text) const {
  std::size_t size = text.size();
  bool is_any = false;
  std::size_t at = text.find(kReferenceMark);
  while (at != std::string_view::npos) {
    const auto slot = referred_slot(text.substr(at));
    if (slot) {
      is_any = true;
      size -= kReferenceBytes;
      if (*slot < values_.size()) size += values_[*slot].size;
    }
    at = text.find(kReferenceMark, at + (slot ? kReferenceBytes : 1));
  }
  return is_any ? static_cast<std::uint32_t>(size) : 0;
}

// Rows

void Values::encode_changed(std::string_view head, const RequestId& request,
                            std::string& out) const {
  const Value& value = values_[changed_.slot];
  const std::size_t begin = out.size();
  out.append(kLengthBytes, '\0');
  append_u8(out, kRowVersion);
  append_u8(out, value.is_there ? 1 : 0);
  append_i64(out, value.version);
  append_i64(out, value.seq);
  append_u32(out, value.size);
  append_digest(out, value.digest);
  append_text(out, value.key);
  append_text(out, value.from);
  append_text(out, head);
  append_text(out, request.run);
  append_varint(out, static_cast<std::uint64_t>(request.number));
  append_rest(out, {});
  const std::size_t size = out.size() - begin - kLengthBytes;
  out[begin] = static_cast<char>(size & 0xffU);
  out[begin + 1] = static_cast<char>(size >> 8U);
  out += changed_.text;
}

std::optional<Values::Restored> Values::restore(std::uint32_t slot, std::string_view header,
                                                std::uint32_t text_size) {
  ByteReader reader(header);
  Value value;
  Restored row;
  const bool is_known = reader.u8() == kRowVersion;
  value.is_there = reader.flag();
  value.version = row.version = reader.safe_integer();
  value.seq = reader.safe_integer();
  value.size = reader.u32();
  value.digest = reader.digest();
  value.key = reader.text(kNameBytesMax);
  value.from = reader.text(kV2DeviceIdBytesMax);
  row.head = reader.text();
  row.request.run = reader.text(kRunBytesMax);
  row.request.number = static_cast<std::int64_t>(reader.varint());
  const bool is_sound = value.version > 0 && value.seq >= 0 && !value.key.empty() &&
                        value.size == text_size && value.size <= kValueBytesMax &&
                        value.is_there == (value.size > 0);
  const bool is_slot = slot < kValuesMax + kDeletedValuesMax;
  if (!is_known || reader.failed() || !is_sound || !is_slot) return std::nullopt;
  if (slot >= values_.size()) values_.resize(slot + 1);
  note_version(value.version);
  values_[slot] = std::move(value);
  return row;
}

}  // namespace user_session
