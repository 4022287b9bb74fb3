// What this release does with the fields of a later one: it keeps their bytes.
#include "format/bytes.h"

namespace user_session {

void append_rest(std::string& out, std::string_view rest) { out.append(rest); }

std::size_t rest_size(std::string_view rest) { return rest.size(); }

std::string_view ByteReader::rest() { return take(rest_.size()); }

}  // namespace user_session
