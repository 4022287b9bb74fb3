// The module's exports. One instance of the module is one user's session, so there are no handles.
//
// How to call them: `session_input(n)` gives room for n bytes, which begins with what the last room
// held; write an event there as wire.h says. `session_step(n)` takes the event in its first n bytes
// and returns where the Outcome is: what has to be done. That is good until the next
// `session_step`, the room until the next `session_input`; every call may grow the memory, which
// detaches JavaScript's views of it.

#include <cstdint>
#include <string>
#include <string_view>

#include "session.h"
#include "wire.h"

namespace {

// What a step has left, in the words of the boundary: addresses and a count.
struct Outcome {
  const user_session::Effect* effects;
  std::uint32_t effect_count;
  const char* texts;
};

struct Instance {
  user_session::Session session;
  user_session::EffectList effects;
  std::string input;
  Outcome outcome{};
};

Instance& instance() {
  // It lives as long as the module does.
  [[clang::no_destroy]] static Instance the_instance;
  return the_instance;
}

// What the input buffer may keep. A large frame is rare and must not stay resident.
constexpr std::size_t kInputBytesKept = 4096;

}  // namespace

#define USER_SESSION_EXPORT(name) __attribute__((export_name(#name), used))

extern "C" {

USER_SESSION_EXPORT(session_input) char* session_input(std::uint32_t size) {
  std::string& input = instance().input;
  if (input.size() > kInputBytesKept && size <= kInputBytesKept) std::string().swap(input);
  input.resize(size);
  return input.data();
}

// A malformed event is a mistake of the caller's code, not of any user: it traps, and the caller
// starts over with a new instance.
USER_SESSION_EXPORT(session_step) const Outcome* session_step(std::uint32_t size) {
  Instance& here = instance();
  if (size > here.input.size()) __builtin_trap();
  here.effects.clear();
  const auto event = user_session::decode_event(std::string_view(here.input).substr(0, size));
  if (!event) __builtin_trap();
  here.session.step(*event, here.effects);
  const auto& list = here.effects.list();
  here.outcome = {.effects = list.data(),
                  .effect_count = static_cast<std::uint32_t>(list.size()),
                  .texts = here.effects.texts().data()};
  return &here.outcome;
}

}  // extern "C"
