// The requests of one device that have been done, so that one which comes again, because its answer
// was lost with a connection, is answered again and not done again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.h"
#include "rate.h"

namespace user_session {

// Remembers the newest kRequestsMax of the last kRequestsKeptMs, by a hash of their ids: two that a
// device chooses at random don't meet by chance, and one that chooses badly fools only itself.
class DoneRequests {
 public:
  // The number that the request of this id was answered with; nothing if it is not remembered.
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view id, TimeMs now) const;

  void add(std::string_view id, std::int64_t seq, TimeMs now);

  // Whether a repetition could still come.
  [[nodiscard]] bool is_empty(TimeMs now) const;

  [[nodiscard]] std::size_t size() const { return hashes_.size(); }

  void encode(TimeMs now, std::string& out) const;

  // Adds what `reader` holds and is not known yet. False if it is damaged.
  bool restore(ByteReader& reader);

 private:
  struct Answer {
    std::int64_t seq = 0;
    TimeMs done_at = 0;
  };

  void add_hash(std::uint64_t hash, Answer answer);

  // Side by side with `answers_`, so that looking for one reads few cache lines. Full, they are
  // written round and round.
  std::vector<std::uint64_t> hashes_;
  std::vector<Answer> answers_;
  std::size_t next_ = 0;
};

}  // namespace user_session
