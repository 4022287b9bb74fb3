// Functions that put what is stored and attached into words, for a person who reads a scenario.
// The formats are decided in src/format/, not here.
//
// The words leave out what is as usual. A hash at their end changes with every byte, so no change
// is lost. Bytes that cannot be decoded are shown as they are. tests/scenarios/README.md explains
// the words.
#pragma once

#include <string>
#include <string_view>

#include "names.h"

namespace user_session {

// Returns the words of a stored snapshot.
std::string decoded_row(std::string_view bytes, const Names& names);

// Returns the words of a stored logout.
std::string decoded_logout(std::string_view bytes, const Names& names);

// Return the words of the row of the inbox, and of that of a message.
std::string decoded_inbox(std::string_view bytes);
std::string decoded_message(std::string_view bytes);

// Returns the words of the row of a value.
std::string decoded_value(std::string_view bytes);

// Returns the words of an attachment. The metrics in it are neither shown nor hashed, since they
// would change every line.
std::string decoded_attachment(std::string_view bytes, const Names& names);

}  // namespace user_session
