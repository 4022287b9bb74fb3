// These functions put what is stored and attached into words for a person who reads a scenario.
//
// The words leave out what is as usual, and the hash at their end changes with every byte, so that
// no change is lost. Bytes that can't be decoded are shown as they are. tests/scenarios/README.md
// explains the words.
#pragma once

#include <string>
#include <string_view>

#include "names.h"

namespace user_session {

// The words of a stored snapshot.
std::string decoded_row(std::string_view bytes, const Names& names);

// The words of a stored logout.
std::string decoded_logout(std::string_view bytes, const Names& names);

// The words of the stored pushes that are kept.
std::string decoded_kept(std::string_view bytes, const Names& names);

// The words of an attachment. Its counts are neither shown nor in the hash: they would change in
// every line.
std::string decoded_attachment(std::string_view bytes, const Names& names);

}  // namespace user_session
