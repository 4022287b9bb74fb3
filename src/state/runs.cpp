// The window of each run, and its stored form; see runs.h.
#include "state/runs.h"

namespace user_session {
namespace {

// Bytes of the smallest stored run: the lengths of the record and of the name, two varints, the
// flag and the bits.
constexpr std::size_t kEncodedBytesMin = 4 + 4 + 1 + 1 + 1 + 8;

// Moves the bits of a window up by `count` numbers.
std::uint64_t shifted(std::uint64_t bits, std::int64_t count) {
  return count < kRunWindow ? bits << static_cast<unsigned>(count) : 0;
}

}  // namespace

const Runs::Run* Runs::look_up(std::string_view name) const {
  const auto known =
      std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) { return run.name == name; });
  return known == runs_.end() ? nullptr : &*known;
}

Runs::Run& Runs::touch(std::string_view name) {
  is_unattached_ = true;
  const auto known =
      std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) { return run.name == name; });
  if (known == runs_.end()) {
    Run& added = runs_.emplace_back();
    added.name = name;
    added.known_from = kNever;
    is_untrimmed_ = true;
  } else {
    std::rotate(known, known + 1, runs_.end());
  }
  return runs_.back();
}

bool Runs::use(const RequestId& id) {
  const Run* known = look_up(id.run);
  if (known != nullptr && id.number <= known->highest) return false;
  Run& run = touch(id.run);
  raise(run, id.number);
  if (run.known_from == kNever) run.known_from = id.number;
  return true;
}

void Runs::raise(Run& run, std::int64_t number) {
  if (number <= run.highest) return;
  const std::int64_t by = number - run.highest;
  run.done_below = shifted(run.done_below, by);
  if (run.is_highest_done && by <= kRunWindow) run.done_below |= std::uint64_t{1} << (by - 1);
  run.highest = number;
  run.is_highest_done = false;
}

Runs::Known Runs::find(const RequestId& id) const {
  const Run* run = look_up(id.run);
  if (run == nullptr) return Known::kNothing;
  const std::int64_t below = run->highest - id.number;
  const bool is_done =
      below == 0 ? run->is_highest_done
                 : below > 0 && below <= kRunWindow && (run->done_below >> (below - 1) & 1) != 0;
  if (is_done) return Known::kDone;
  return below <= kRunWindow && id.number >= run->known_from ? Known::kNotDone : Known::kNothing;
}

void Runs::note_done(const RequestId& id) {
  Run& run = touch(id.run);
  raise(run, id.number);
  const std::int64_t below = run.highest - id.number;
  if (below == 0) run.is_highest_done = true;
  if (below > 0 && below <= kRunWindow) run.done_below |= std::uint64_t{1} << (below - 1);
}

void Runs::forget_oldest() {
  runs_.erase(runs_.begin());
  is_unattached_ = true;
}

void Runs::forget_not_done() {
  for (Run& run : runs_) run.known_from = kNever;
}

void Runs::encode(std::string& out) const {
  append_u32(out, static_cast<std::uint32_t>(runs_.size()));
  for (const Run& run : runs_) {
    append_record(out, [&] {
      append_text(out, run.name);
      append_varint(out, static_cast<std::uint64_t>(run.highest));
      // No number is kNever, and 0 is no number.
      append_varint(out, run.known_from == kNever ? 0 : static_cast<std::uint64_t>(run.known_from));
      append_u8(out, run.is_highest_done ? 1 : 0);
      append_i64(out, static_cast<std::int64_t>(run.done_below));
      append_rest(out, run.rest);
    });
  }
  append_rest(out, rest_);
}

bool Runs::restore(ByteReader& reader) {
  runs_.clear();
  for (std::uint32_t left = reader.count(kEncodedBytesMin); left > 0; --left) {
    ByteReader fields(reader.text());
    Run& run = runs_.emplace_back();
    run.name = fields.text();
    run.highest = static_cast<std::int64_t>(fields.varint());
    run.known_from = static_cast<std::int64_t>(fields.varint());
    if (run.known_from == 0) run.known_from = kNever;
    run.is_highest_done = fields.flag();
    if (fields.has_more()) {
      run.done_below = static_cast<std::uint64_t>(fields.i64());
    } else {
      run.known_from = kNever;
    }
    run.rest = fields.rest();
    if (fields.failed() || run.name.size() > kRunBytesMax || run.highest == 0) return false;
  }
  rest_ = reader.rest();
  return !reader.failed() && runs_.size() <= kRunsMax && rest_.size() <= kRestBytesMax;
}

}  // namespace user_session
