// The effects: what a session wants done, as imperatives. How each is carried out is the caller's
// matter (worker/object/session-host.js).
//
// The caller carries them out in the order of the list, and serves no other event in between. The
// list sorts its effects by their place, whatever order they are added in; effects of one place
// stay in the order in which they were added:
//
//   storage -> attachments -> expulsions -> acceptance -> frames -> closings
//           -> the answer, the log and the metrics
//
// So a device is told only of what is already stored, is told everything before it is closed, and
// is told nothing once it has lost its rights.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"

namespace user_session {

// The kind of an effect. `text`, `connection` and `number` are the members of Effect. The numbers
// are the wire format of the boundary; bindings/wire.js has the same table.
enum class EffectKind : std::uint32_t {
  // Put the stored snapshot aside under another key, since it could not be read.
  kQuarantine = 1,
  // Delete everything stored for the user except the row that says which credentials are refused.
  kErase = 2,
  // Replace the stored snapshot by `text`. Its format is in format/snapshot.h.
  kStore = 3,
  // Let `text` survive hibernation with the socket of `connection`. Its format is in
  // format/attachment.h.
  kSetAttachment = 4,
  // Send the frame `text` to `connection`.
  kSend = 5,
  // Send the frame `text` to every open connection.
  kSendToAll = 6,
  // Close `connection` with the code `number` and the reason `text`.
  kClose = 7,
  // Close every open connection with the code `number` and the reason `text`.
  kCloseAll = 8,
  // Answer the request that caused the event: HTTP status `number`, JSON body `text`.
  kAnswer = 9,
  // Tell the operator `text`.
  kLog = 10,
  // Close `connection` as kClose does, but before any frame goes out: it has lost its rights.
  kExpel = 11,
  // Replace the logout row by `text`. It is kept apart from the snapshot, since a damaged snapshot
  // must not let anyone in again.
  kStoreLogout = 12,
  // Collect the counts in `text`, a JSON array in the order of Counter (format/metrics.h). Each
  // count
  // is what was added since the previous effect of this kind, or since the instance woke.
  kRecordMetrics = 13,
  // Replace the row of the inbox by `text`. Its format, and that of the messages, is in
  // state/inbox.cpp.
  kStoreInbox = 14,
  // Let the device of `connection` in: from now on its socket is open. Its first attachment stands
  // before this in the list, since a socket without one could not be recognized after a sleep.
  kAccept = 15,
  // Replace the row of the message in the slot `number` by `text`, or delete it. Each message has
  // its own row, since it is large and never changes.
  kStoreMessage = 16,
  kDeleteMessage = 17,
  // Tell the app `text`, a JSON object: what a logout has ended (LogoutReport of json/frame.h).
  kLogOut = 18,
  // Replace the row of the value in the slot `number` by `text`. Its format is in state/values.cpp.
  kStoreValue = 19,
  // Keep the row of the value in the slot `number` aside, as kQuarantine does with the snapshot.
  kQuarantineValue = 20,
};

// Close codes (docs/protocol.md), and the reason of a logout. Clients in production compare the
// reason to the letter to tell a logout from a lost connection.
inline constexpr std::uint16_t kLogoutCode = 1000;
inline constexpr std::string_view kLogoutReason = "Logged out from all devices";
inline constexpr std::uint16_t kFloodCode = 1008;
inline constexpr std::uint16_t kTooBigCode = 1009;
inline constexpr std::uint16_t kTryAgainCode = 1013;
inline constexpr std::uint16_t kCredentialEndedCode = 4401;
inline constexpr std::uint16_t kReplacedCode = 4409;

// HTTP status codes of answers.
inline constexpr std::uint16_t kStatusOk = 200;
inline constexpr std::uint16_t kStatusBadRequest = 400;
inline constexpr std::uint16_t kStatusUnauthorized = 401;
inline constexpr std::uint16_t kStatusConflict = 409;
inline constexpr std::uint16_t kStatusTooLarge = 413;
inline constexpr std::uint16_t kStatusTooMany = 429;

// One effect. Its text lies in the memory of its list, `text_size` bytes from `text_offset`.
// JavaScript reads this struct as it lies in memory (bindings/wire.h).
struct Effect {
  EffectKind kind;
  // Connection that the kind needs; kNoConnection for other kinds.
  ConnectionId connection;
  // Close code, HTTP status or slot, as the kind says; 0 for other kinds.
  std::uint32_t number;
  std::uint32_t text_offset;
  std::uint32_t text_size;
  // Bytes of the text of a frame or an answer once the values that it refers to stand in it
  // (append_reference in json/frame.h); 0 if it refers to none.
  std::uint32_t full_size;
};

// The effects of one step. The list is reused from step to step, so that a quiet session allocates
// nothing. Each function that adds an effect copies its text; EffectKind says what the effect
// means.
class EffectList {
 public:
  // Removes all effects. What `text` returned before is no longer valid.
  void clear();

  void quarantine();
  void erase();
  void store(std::string_view snapshot);
  void store_logout(std::string_view logout);
  void store_inbox(std::string_view inbox);
  void store_message(std::uint32_t slot, std::string_view message);
  void delete_message(std::uint32_t slot);
  void store_value(std::uint32_t slot, std::string_view value);
  void quarantine_value(std::uint32_t slot);
  void set_attachment(ConnectionId connection, std::string_view attachment);
  void accept(ConnectionId connection);
  // Sends a frame. When it equals the frame of the previous call of `send`, both share one text.
  // `full_size` is as in Effect, here and in `answer`.
  void send(ConnectionId connection, std::string_view frame, std::uint32_t full_size = 0);
  void send_to_all(std::string_view frame);
  void close(ConnectionId connection, std::uint16_t code, std::string_view reason);
  void expel(ConnectionId connection, std::uint16_t code, std::string_view reason);
  void close_all(std::uint16_t code, std::string_view reason);
  void answer(std::uint16_t status, std::string_view body, std::uint32_t full_size = 0);
  void log(std::string_view what);
  void record_metrics(std::string_view counts);
  void log_out(std::string_view report);

  [[nodiscard]] const std::vector<Effect>& list() const { return list_; }

  // Returns the text of one effect; it is valid until the list changes.
  [[nodiscard]] std::string_view text(const Effect& effect) const {
    return std::string_view(texts_).substr(effect.text_offset, effect.text_size);
  }

  // Number and bytes of the frames in the list. A frame to all counts once for each of the
  // `open_count` connections.
  struct Totals {
    std::int64_t frames_sent = 0;
    std::int64_t bytes_sent = 0;
  };
  [[nodiscard]] Totals totals(std::size_t open_count) const;

  // Return the bytes of the frames to one connection alone, and of the answer.
  [[nodiscard]] std::int64_t bytes_to(ConnectionId connection) const;
  [[nodiscard]] std::int64_t bytes_answered() const;

  // Returns all texts, one after the other. `Effect::text_offset` counts from its start.
  [[nodiscard]] const std::string& texts() const { return texts_; }

 private:
  // Inserts an effect where its kind belongs: after the effects of its own place and of those in
  // front of it, and before the others. Copies `text`. Returns the effect; the reference is valid
  // until the next call.
  Effect& add(EffectKind kind, ConnectionId connection, std::uint32_t number,
              std::string_view text);

  std::vector<Effect> list_;
  std::string texts_;
  // Place in `texts_` of the frame that `send` added last; both 0 if there is none.
  std::uint32_t frame_offset_ = 0;
  std::uint32_t frame_size_ = 0;
};

}  // namespace user_session
