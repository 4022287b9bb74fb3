// The boundary's own language: how JavaScript hands in an event and reads the effects.
//
// An event is one byte that names it and its fields, as bytes.h writes them; times are i64, ids and
// sizes u32, texts a u32 length and UTF-8. Effects need no encoding: JavaScript reads the records
// of the effect list where they lie, five u32 each, and their texts from the list's text buffer.
// bindings/wire.js is the other half and has the same tables; event-writer.js and effect-reader.js
// use them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "effect.h"
#include "event.h"

namespace user_session {

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
};

// The event that `bytes` hold, its texts borrowed from them, or nothing when they are malformed:
// that is our own mistake, on the other side.
std::optional<Event> decode_event(std::string_view bytes);

static_assert(sizeof(Effect) == 5 * sizeof(std::uint32_t));
static_assert(offsetof(Effect, kind) == 0);
static_assert(offsetof(Effect, connection) == 4);
static_assert(offsetof(Effect, number) == 8);
static_assert(offsetof(Effect, text_offset) == 12);
static_assert(offsetof(Effect, text_size) == 16);

}  // namespace user_session
