// A later release, as far as formats go: each of its records has one field more than those of this
// release, which is behind their last one. It takes the place of src/format/rest.cpp.
#include "check.h"
#include "format/bytes.h"

namespace user_session {
namespace {

// The field that the later release has added. A record of this release lacks it.
constexpr std::string_view kField = "\x05later";

}  // namespace

void append_rest(std::string& out, std::string_view rest) {
  out.append(kField);
  out.append(rest);
}

std::size_t rest_size(std::string_view rest) { return kField.size() + rest.size(); }

std::string_view ByteReader::rest() {
  std::string_view rest = take(rest_.size());
  if (rest.empty()) return rest;
  // Whatever this release has written back begins with the field, and has it once.
  USER_SESSION_CHECK(rest.starts_with(kField));
  rest.remove_prefix(kField.size());
  USER_SESSION_CHECK(!rest.starts_with(kField));
  return rest;
}

}  // namespace user_session
