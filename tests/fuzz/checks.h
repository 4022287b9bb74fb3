// What a fuzz target demands of any text and any list of effects, written without the code of src/.
#pragma once

#include <string>
#include <string_view>

#include "effect.h"

namespace user_session {

// Ends the process with `what`, and `detail` if there is some, unless `holds`: that is how a fuzz
// target tells that its invariant is broken.
void require(bool holds, std::string_view what, std::string_view detail = {});

// Whether `text` is JSON as RFC 8259 has it, in UTF-8. Any four digits will do behind `\u`, and any
// number may be as large as it likes.
bool is_json(std::string_view text);

// How deep the arrays and objects of a JSON text nest.
int nesting_of(std::string_view text);

// The effects are in the order that effect.h promises, and all frames and answers are JSON.
void require_sound(const EffectList& effects);

}  // namespace user_session
