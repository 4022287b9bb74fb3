// The inbox as devices see it: what they are sent of it, and what the user has read. How messages
// are kept is in state/inbox.h, how one comes in push.cpp.
#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kNoSuchMessage = {ErrorCode::kInvalidMessage,
                                    "inbox is above the number of the newest message"};

}  // namespace

Session::Refused Session::handle(const MarkRead& message, Step& step) {
  if (message.inbox > user_.inbox.view(step.now).last) return kNoSuchMessage;
  if (!user_.inbox.mark_read(message.inbox)) return std::nullopt;
  user_.inbox.expire(step.now);
  write_inbox_read(out_, user_.inbox.view(step.now));
  user_.sequence.count_frame(out_, step.now, user_.connections);
  tell_devices(out_, kNoConnection, step);
  return std::nullopt;
}

WholeView Session::whole_view(const std::vector<DeviceView>& devices,
                              const std::vector<ValueView>* values, TimeMs now) const {
  return {.devices = devices,
          .position = user_.sequence.head(),
          .inbox = user_.inbox.view(now),
          .values = values};
}

void Session::send_messages(ConnectionId connection, std::int64_t place, Step& step) {
  for (const InboxMessage& message : user_.inbox.all()) {
    if (message.number <= place) continue;
    write_message(out_, message.number, message.expires_at, message.body());
    step.effects.send(connection, out_);
  }
}

}  // namespace user_session
