// What a session wants done: imperatives, to be carried out in the order of the list, with nothing
// in between.
//
// The order is part of the promise, and the list keeps it whatever order they are added in:
//
//   storage -> attachments -> expulsions -> acceptance -> frames -> closings -> the answer, the log
//
// so a device is told only of what is already stored, is told everything before it is closed, and
// nothing once it has lost its rights.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"

namespace user_session {

// The numbers are the wire format of the boundary; bindings/wire.js has the same table.
enum class EffectKind : std::uint32_t {
  // Put the stored snapshot aside under another key; it could not be read.
  kQuarantine = 1,
  // Delete everything stored for the user but the last logout.
  kErase = 2,
  // Replace the stored snapshot by `text`.
  kStore = 3,
  // Let `text` survive hibernation with the socket of `connection`.
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
  // Replace the stored logout by `text`. It is kept apart from the snapshot, whose loss must not
  // let anyone in again.
  kStoreLogout = 12,
  // Collect the counts `text`, a JSON array in the order of Counter (metrics.h): what came to them
  // since the last time.
  kRecordMetrics = 13,
  // Replace the stored kept pushes by `text`. They are large and change rarely.
  kStoreKept = 14,
  // Let the device of `connection` in: from now on it is open. It follows its first attachment,
  // without which it could not be told from a stranger after a sleep.
  kAccept = 15,
};

// Why a connection is closed. The old hook compares the logout's reason to the letter to tell a
// logout from a lost connection.
inline constexpr std::uint16_t kLogoutCode = 1000;
inline constexpr std::string_view kLogoutReason = "Logged out from all devices";
inline constexpr std::uint16_t kFloodCode = 1008;
inline constexpr std::uint16_t kTooBigCode = 1009;
inline constexpr std::uint16_t kTryAgainCode = 1013;
inline constexpr std::uint16_t kCredentialEndedCode = 4401;
inline constexpr std::uint16_t kReplacedCode = 4409;

// How a request was answered, as HTTP has it.
inline constexpr std::uint16_t kStatusOk = 200;
inline constexpr std::uint16_t kStatusBadRequest = 400;
inline constexpr std::uint16_t kStatusUnauthorized = 401;
inline constexpr std::uint16_t kStatusTooLarge = 413;
inline constexpr std::uint16_t kStatusTooMany = 429;

// One effect. `text` lies in the list's own memory, from `text_offset`.
struct Effect {
  EffectKind kind;
  ConnectionId connection;
  std::uint32_t number;
  std::uint32_t text_offset;
  std::uint32_t text_size;
};

// The effects of one step. Reused from step to step so that a quiet session allocates nothing.
class EffectList {
 public:
  // Forgets all effects; what `text` returned before is no longer valid.
  void clear();

  void quarantine();
  void erase();
  void store(std::string_view snapshot);
  void store_logout(std::string_view logout);
  void store_kept(std::string_view kept);
  void set_attachment(ConnectionId connection, std::string_view attachment);
  void accept(ConnectionId connection);
  // Of a frame that is sent to several in a row there is one text.
  void send(ConnectionId connection, std::string_view frame);
  void send_to_all(std::string_view frame);
  void close(ConnectionId connection, std::uint16_t code, std::string_view reason);
  void expel(ConnectionId connection, std::uint16_t code, std::string_view reason);
  void close_all(std::uint16_t code, std::string_view reason);
  void answer(std::uint16_t status, std::string_view body);
  void log(std::string_view what);
  void record_metrics(std::string_view counts);

  [[nodiscard]] const std::vector<Effect>& list() const { return list_; }

  // The text of one effect; valid until the list changes.
  [[nodiscard]] std::string_view text(const Effect& effect) const {
    return std::string_view(texts_).substr(effect.text_offset, effect.text_size);
  }

  // What the effects come to when `open_count` connections are open.
  struct Totals {
    std::int64_t frames_sent = 0;
    std::int64_t bytes_sent = 0;
  };
  [[nodiscard]] Totals totals(std::size_t open_count) const;

  // All texts, one after the other; `Effect::text_offset` counts from its start.
  [[nodiscard]] const std::string& texts() const { return texts_; }

 private:
  Effect& add(EffectKind kind, ConnectionId connection, std::uint32_t number,
              std::string_view text);

  std::vector<Effect> list_;
  std::string texts_;
  // Where in it the frame lies that was sent last.
  std::uint32_t frame_offset_ = 0;
  std::uint32_t frame_size_ = 0;
};

}  // namespace user_session
