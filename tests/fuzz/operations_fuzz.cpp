// Any operations on several devices bring about what a plain model says: frames, answers, closings,
// what is stored; and no frame goes to a closed socket, no limit is passed, `lastActive` does not
// go backwards while a device is connected, and what a logout has ended opens nothing.
#include <cstddef>
#include <cstdint>
#include <string>

#include "checks.h"
#include "model.h"
#include "operations.h"

namespace user_session {
namespace {

void tell(const Story& story) {
  Host host = begin(story);
  Model model(story);
  for (const Operation& operation : story.operations) {
    if (!is_possible(host, operation)) continue;
    const auto before = host.stored;
    perform(host, operation);
    model.check(operation, host, before);
  }
}

}  // namespace
}  // namespace user_session

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  user_session::tell(user_session::story_of(std::string(data, data + size)));
  return 0;
}
