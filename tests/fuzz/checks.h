// The demands of a fuzz target on any text and any list of effects, written without the code of
// src/. What a session must do in a story is in model.h.
#pragma once

#include <string>
#include <string_view>

#include "effect.h"
#include "host.h"

namespace user_session {

// Ends the process with the message `what`, and `detail` if there is some, unless `holds`. A fuzz
// target tells in this way that its invariant is broken.
void require(bool holds, std::string_view what, std::string_view detail = {});

// Returns true if `text` is JSON by RFC 8259, in UTF-8. Any four digits may follow `\u`, and any
// number may be as large as it likes.
bool is_json(std::string_view text);

// Returns how deep the arrays and objects of a JSON text nest.
int nesting_of(std::string_view text);

// Requires that the effects are in the order that effect.h promises, and that all frames and
// answers are JSON, those of a host with the values that they refer to.
void require_sound(const EffectList& effects);
void require_sound(const Host& host);

}  // namespace user_session
