// What a step may cost: v2_rows.cpp counts the rows that it writes, and requires that no row is
// written again as it is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "host.h"

namespace user_session {

// The rows that a step may write and must write.
struct Cost {
  bool may_store = false;
  bool must_store = false;
  // Rows of the inbox and of messages.
  int inbox_rows = 0;
  int message_rows = 0;
  int value_rows = 0;
  // A message may go, and what its row alone had then needs the row of the inbox.
  bool may_delete = false;
  bool may_store_logout = false;
  bool may_erase = false;
};

class Rows {
 public:
  // Requires that the last step has written what it should have.
  void check(const Host& host, const Cost& cost);
  // Takes the rows as they are: somebody else has written them.
  void note(const Host& host);

 private:
  void check_new(std::optional<std::string>& row, std::string_view written);

  std::optional<std::string> snapshot_;
  std::optional<std::string> inbox_;
  std::map<std::uint32_t, std::string> messages_;
};

}  // namespace user_session
