// The boundary's format: how JavaScript hands in an event and reads the effects. What they mean is
// in src/event.h and src/effect.h.
//
// An event is a tag of one byte and its fields, as src/format/bytes.h writes them: times are i64,
// ids and sizes u32, texts a u32 length and UTF-8. Effects need no encoding: JavaScript reads the
// records of the effect list where they lie, five u32 each, and their texts in the list's text
// buffer. bindings/wire.js is the other half and has the same tables; event-writer.js and
// effect-reader.js use them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "effect.h"
#include "event.h"

namespace user_session {

// The first byte of an event. bindings/wire.js has the same table, and a test compares them.
enum class EventTag : std::uint8_t {
  kWoken = 1,
  kConnected = 2,
  kFrameReceived = 3,
  kDisconnected = 4,
  kStateRequested = 5,
  kClearRequested = 6,
  kPushRequested = 7,
  kGameJoinRequested = 8,
  kGameLeaveRequested = 9,
  kLogoutRequested = 10,
  kMetricsRequested = 11,
  kHeartbeatsRead = 12,
  kDevicesRequested = 13,
  kExportRequested = 14,
  kTicketRequested = 15,
  kValuesRequested = 16,
  kValueChangeRequested = 17,
};

// Returns the event in `bytes`, whose texts are borrowed from them, or nullopt if they are
// malformed. That would be our own mistake in JavaScript.
std::optional<Event> decode_event(std::string_view bytes);

// JavaScript relies on this layout of an effect's record.
static_assert(sizeof(Effect) == 6 * sizeof(std::uint32_t));
static_assert(offsetof(Effect, kind) == 0);
static_assert(offsetof(Effect, connection) == 4);
static_assert(offsetof(Effect, number) == 8);
static_assert(offsetof(Effect, text_offset) == 12);
static_assert(offsetof(Effect, text_size) == 16);
static_assert(offsetof(Effect, full_size) == 20);

}  // namespace user_session
