// The names of devices and credentials are kept here by their hashes, because much of what is
// stored and attached has the hash alone, which says nothing to a person.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "format/hash.h"

namespace user_session {

class Names {
 public:
  // A name that is known already is not added again.
  void add(std::string_view name) { names_.emplace(hash_of(name), name); }

  // nullptr if nobody has added a name of this hash.
  [[nodiscard]] const std::string* find(std::uint64_t hash) const {
    const auto known = names_.find(hash);
    return known == names_.end() ? nullptr : &known->second;
  }

 private:
  std::map<std::uint64_t, std::string> names_;
};

}  // namespace user_session
