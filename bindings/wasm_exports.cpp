// The module's exports: three functions and the memory. One instance of the module is one user's
// session, so there are no handles. The bytes of events and effects are described in wire.h.
//
// A caller calls `session_input(n)` for a room of n bytes, writes an event there, and calls
// `session_step(n)`, which handles the event in the first n bytes and returns the address of the
// Outcome. The room begins with what the last one held, and is valid until the next
// `session_input`; the Outcome is valid until the next `session_step`. Every call may grow the
// memory, which detaches JavaScript's views of it.

#include <cstdint>
#include <string>
#include <string_view>

#include "session.h"
#include "wire.h"

namespace {

// The result of a step, as JavaScript reads it in memory: the address of the effects' records,
// their number, and the address of their texts. Each takes one word.
struct Outcome {
  const user_session::Effect* effects;
  std::uint32_t effect_count;
  const char* texts;
};

// All that an instance of the module keeps from call to call.
struct Instance {
  user_session::Session session;
  user_session::EffectList effects;
  std::string input;
  Outcome outcome{};
};

Instance& instance() {
  // The instance lives as long as the module, so no code for its destruction is needed.
  [[clang::no_destroy]] static Instance the_instance;
  return the_instance;
}

// Bytes that the input buffer keeps. A large frame is rare and must not stay resident.
constexpr std::size_t kInputBytesKept = 4096;

}  // namespace

#define USER_SESSION_EXPORT(name) __attribute__((export_name(#name), used))

extern "C" {

// Returns a buffer of `size` bytes for the next event.
USER_SESSION_EXPORT(session_input) char* session_input(std::uint32_t size) {
  std::string& input = instance().input;
  if (input.size() > kInputBytesKept && size <= kInputBytesKept) std::string().swap(input);
  input.resize(size);
  return input.data();
}

// Handles the event in the first `size` bytes of the buffer. A malformed event is a mistake of the
// caller's code, not of any user: it traps, and the caller starts a new instance.
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
