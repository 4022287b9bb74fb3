// The values: the user's own state beside the games, small named JSON texts which are the same on
// all devices. Who is told of a change is in handlers/values.cpp.
//
// The texts are not here. A user may have 128 KiB of them, so they stay where they are kept with
// the rows, outside of the module, and a frame that shows one refers to it by its slot
// (append_reference). What is here of a text are its size and its digest.
//
// Each value has a row of its own, and its slot names the row. A row is a header and the text. A
// value that was deleted keeps its row without a text, so that a device which was away can be told;
// the slot is taken again when nobody can have missed the deletion, or when there are too many. A
// change has a version: its time in milliseconds, or one more than the last one's if that is not
// less. So versions count up, and the newest row says all that a change writes (commit.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "digest.h"
#include "event.h"
#include "json/frame.h"
#include "limits.h"
#include "request_id.h"

namespace user_session {

// One value, there or deleted.
struct Value {
  std::string key;
  // Device that changed it last; empty for a server.
  std::string from;
  // Version of its last change; 0 for a slot that is free.
  std::int64_t version = 0;
  // Number of its last change in the sequence (state/sequence.h); 0 if it was not counted.
  std::int64_t seq = 0;
  // False once it was deleted.
  bool is_there = false;
  // Bytes and digest of its text.
  std::uint32_t size = 0;
  Digest digest = kNoDigest;
};

class Values {
 public:
  // Returns the value of this key, or nullptr if it is not there.
  [[nodiscard]] const Value* find(std::string_view key) const;
  // Returns true if the value has this text, to the byte.
  [[nodiscard]] static bool is_equal(const Value& value, std::string_view text);

  // Returns true if there are kValuesMax values, or if `text` in place of the value `replaced`
  // (nullptr for a new one) would make them larger than kValuesBytesMax.
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool is_too_large(std::string_view text, const Value* replaced) const;

  // A change of this step. `text` must be valid until the step has ended; it is absent for a
  // deletion.
  struct Change {
    std::string_view key;
    std::optional<std::string_view> text;
    // Device that makes it; empty for a server.
    std::string_view from = kNoText;
    TimeMs now = 0;
    // Number in the sequence, and the number after which the sequence can bring all.
    std::int64_t seq = 0;
    std::int64_t reach = 0;
  };
  // Makes a change, whose row is written in this step. Returns the number of a deletion that is
  // forgotten for it, which nobody can be told any more; 0 if there is none.
  std::int64_t change(const Change& change);
  // Forgets all values, whose rows are erased in this step. The last version stays.
  void clear();

  // Version of the last change of any value; 0 if there was none.
  [[nodiscard]] std::int64_t last_version() const { return last_version_; }
  void note_version(std::int64_t version);
  // Number in the sequence of the newest change; 0 if none was counted.
  [[nodiscard]] std::int64_t newest_seq() const;

  // Returns the values that are there, or the one with the key `only`.
  [[nodiscard]] std::vector<ValueView> views(
      std::optional<std::string_view> only = std::nullopt) const;
  [[nodiscard]] ValueView view(const Value& value) const;
  // Returns the value of this key, which may not be there.
  [[nodiscard]] ValueView view(std::string_view key) const;
  // Returns the values that were changed or deleted after a place in the sequence, in the order of
  // their last changes.
  [[nodiscard]] std::vector<const Value*> changed_since(std::int64_t seq) const;

  // Returns the bytes of `text` with all values in the place of their references; 0 if there are no
  // references.
  [[nodiscard]] std::uint32_t full_size(std::string_view text) const;

  // True if the row of a change must be written, and its slot.
  [[nodiscard]] bool is_unstored() const { return is_unstored_; }
  [[nodiscard]] std::uint32_t changed_slot() const { return changed_.slot; }
  // Appends that row. `head` is what it says of the sequence, `request` what has made the change.
  void encode_changed(std::string_view head, const RequestId& request, std::string& out) const;
  void note_stored() { is_unstored_ = false; }

  // The members of a row beside its value. The texts are borrowed.
  struct Restored {
    std::int64_t version = 0;
    // The head of the sequence (Sequence::encode_head).
    std::string_view head;
    // Request that made the change; its number is 0 if there was none.
    RequestId request;
  };
  // Reads the header of a row whose text has `text_size` bytes. Returns nullopt if it is damaged,
  // or if there is no such slot; nothing is known of the value then.
  [[nodiscard]] std::optional<Restored> restore(std::uint32_t slot, std::string_view header,
                                                std::uint32_t text_size);

 private:
  // The last change. Its text belongs to the event, so it is good in that step only.
  struct Changed {
    std::uint32_t slot = 0;
    std::string_view text;
  };

  // Returns the slot for a key, and sets `forgotten` to the number of a deletion that has to go.
  std::size_t slot_for(std::string_view key, std::int64_t reach, std::int64_t& forgotten) const;
  [[nodiscard]] std::uint32_t slot_of(const Value& value) const;

  // By slot.
  std::vector<Value> values_;
  std::int64_t last_version_ = 0;
  Changed changed_;
  bool is_unstored_ = false;
};

}  // namespace user_session
