// The module with faults planted in it, for tests: a word in a frame or in another text from
// outside makes the step break off. It is never part of the module that is shipped.
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "check.h"
#include "session.h"
#include "wire.h"

namespace user_session {

class FaultySession {
 public:
  void step(const Event& event, EffectList& effects) {
    const std::string text = text_of(event);
    if (contains(text, "__trap_before__")) __builtin_trap();
    USER_SESSION_CHECK(!contains(text, "__fail_check__"));
    if (contains(text, "__exhaust_memory__")) exhaust_memory();
    if (contains(text, "__overflow_stack__")) overflow_stack(1);
    session_.step(event, effects);
    if (contains(text, "__trap_after__")) __builtin_trap();
  }

 private:
  static bool contains(std::string_view text, std::string_view word) {
    return text.find(word) != std::string_view::npos;
  }

  static void exhaust_memory() {
    std::vector<std::string> hoard;
    for (;;) hoard.emplace_back(4096, 'x');
  }

  static int overflow_stack(int depth) {
    volatile char frame[256] = {};
    frame[0] = static_cast<char>(depth);
    if (depth == 0) return 0;
    return overflow_stack(depth + 1) + frame[0];
  }

  // What comes from outside with an event; for one that brings no text, what came with its socket
  // or, without one, the user's name.
  std::string text_of(const Event& event) {
    if (const auto* woken = std::get_if<Woken>(&event)) {
      user_id_ = woken->user_id;
      for (const WokenConnection& connection : woken->connections) {
        if (contains(connection.attachment, kAtClosing)) closing_.insert(connection.connection);
      }
      return std::string(woken->snapshot.value_or(std::string_view()));
    }
    if (const auto* connected = std::get_if<Connected>(&event)) {
      if (contains(connected->device_id, kAtClosing)) {
        closing_.insert(connected->connection);
        return {};
      }
      return std::string(connected->device_id);
    }
    if (const auto* gone = std::get_if<Disconnected>(&event)) {
      return closing_.contains(gone->connection) ? "__trap_after__" : "";
    }
    // These come before what anybody asks for.
    if (std::holds_alternative<HeartbeatsRead>(event)) return {};
    return text_of_other(event);
  }

  std::string text_of_other(const Event& event) {
    return std::visit(
        [&](const auto& happened) -> std::string {
          if constexpr (requires { happened.payload; }) {
            return std::string(happened.payload.text);
          } else if constexpr (requires { happened.game_id; }) {
            return std::string(happened.game_id);
          } else {
            return user_id_;
          }
        },
        event);
  }

  // A device with this in its id traps when it leaves.
  static constexpr std::string_view kAtClosing = "__at_closing__";

  Session session_;
  std::string user_id_;
  std::set<ConnectionId> closing_;
};

}  // namespace user_session

// All else is as in the shipped module, which has its session by this name.
#define Session FaultySession
#include "../../bindings/wasm_exports.cpp"  // NOLINT(bugprone-suspicious-include)
