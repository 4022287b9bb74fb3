// The module's exports. One instance of the module is one user's session, so there are no handles.
//
// How to call them: `session_input(n)` gives room for n bytes; write an event there as wire.h says;
// `session_step()` takes it. Then `session_effects`, `session_effect_count` and `session_texts`
// show what has to be done. Every pointer is good until the next call of `session_input` or
// `session_step`, and every call may grow the memory, which detaches JavaScript's views of it.

#include <cstdint>
#include <string>

#include "session.h"
#include "wire.h"

namespace {

struct Instance {
  user_session::Session session;
  user_session::EffectList effects;
  std::string input;
};

Instance& instance() {
  static Instance the_instance;
  return the_instance;
}

// What an unused input buffer may keep. A large frame is rare and must not stay resident.
constexpr std::size_t kInputBytesKept = 4096;

}  // namespace

#define USER_SESSION_EXPORT(name) __attribute__((export_name(#name), used))

extern "C" {

// Room for an event of `size` bytes.
USER_SESSION_EXPORT(session_input) char* session_input(std::uint32_t size) {
  std::string& input = instance().input;
  if (input.capacity() > kInputBytesKept && size <= kInputBytesKept) std::string().swap(input);
  input.resize(size);
  return input.data();
}

// Takes the event in the input buffer. A malformed one is a mistake of the caller's code, not of
// any user: it traps, and the caller starts over with a new instance.
USER_SESSION_EXPORT(session_step) void session_step() {
  Instance& here = instance();
  here.effects.clear();
  const auto event = user_session::decode_event(here.input);
  if (!event) __builtin_trap();
  here.session.step(*event, here.effects);
}

USER_SESSION_EXPORT(session_effects) const user_session::Effect* session_effects() {
  return instance().effects.list().data();
}

USER_SESSION_EXPORT(session_effect_count) std::uint32_t session_effect_count() {
  return static_cast<std::uint32_t>(instance().effects.list().size());
}

USER_SESSION_EXPORT(session_texts) const char* session_texts() {
  return instance().effects.texts().data();
}

}  // extern "C"
