// Every limit of the session, its unit in its name and its reason beside it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace user_session {

// A device's frame or a pushed body, in bytes of UTF-8. A larger one is refused with `too_large`.
inline constexpr std::size_t kFrameBytesMax = 65'536;

// A frame above this ends its connection with close code 1009: whoever sends it is not one of ours.
inline constexpr std::size_t kFrameBytesBeforeClose = 1'048'576;

// How deep objects and arrays of a frame may nest; the frame's own object is the first level.
inline constexpr int kNestingMax = 32;

// Games of one user at a time. With kNameBytesMax it bounds what is stored and announced.
inline constexpr std::size_t kActiveGamesMax = 256;

// A game id or the name of an event, in bytes of UTF-8.
inline constexpr std::size_t kNameBytesMax = 128;

// A socket's attachment, in bytes. The platform takes 16,384 after its own serialization, of which
// up to 14 go to the header of a byte array (measured on workerd 2026-11-17: 16,370 pass).
inline constexpr std::size_t kAttachmentBytesMax = 16'370;

// A device id of version 1, in bytes of UTF-8: it is attached to the socket, sent with each of the
// device's events, and that of the hook in production has 40.
inline constexpr std::size_t kDeviceIdBytesMax = 1'024;

// A frame whose effects send more than this, to all devices together, counts as one more frame for
// each time it does.
inline constexpr std::int64_t kSentBytesPerFrame = 65'536;

// How far the stored `lastActive` may lag behind the shown one, in milliseconds: the price of not
// writing at every frame.
inline constexpr std::int64_t kLastActiveLagMs = 60'000;

inline constexpr std::int64_t kMsPerSecond = 1000;

// How far what is attached may lag behind what is known, in milliseconds. Attachments are free, but
// take a few microseconds to write.
inline constexpr std::int64_t kAttachmentLagMs = 1'000;

// What is kept of the frames to all, for devices that come back: so many, and as many bytes of
// them.
inline constexpr std::size_t kJournalFramesMax = 256;
inline constexpr std::size_t kJournalBytesMax = 262'144;

// What of it rides in the newest attachment, in bytes: it is copied at each frame to all, and most
// is for devices that have gone without a word. More is for those of which that is known.
inline constexpr std::size_t kJournalRecentBytesMax = 512;
inline constexpr std::size_t kJournalAttachedBytesMax = 10'240;

// Devices that are known to be missing: beyond these the oldest is taken for gone.
inline constexpr std::size_t kMissingMax = 8;

// What of it is stored while nobody is connected, in bytes.
inline constexpr std::size_t kJournalStoredBytesMax = 16'384;

// The id of a request, in characters: a UUID as it is usually written.
inline constexpr std::size_t kRequestIdBytesMax = 36;

// Of each device so many requests are remembered, and so long, in milliseconds.
inline constexpr std::size_t kRequestsMax = 64;
inline constexpr std::int64_t kRequestsKeptMs = 600'000;

// Of all devices that are gone so many together: as many devices are remembered.
inline constexpr std::size_t kAbsentRequestsMax = 64 * kRequestsMax;

// Devices that an event names as its audience, or as none of them.
inline constexpr std::size_t kAimedDevicesMax = 64;

// Devices of version 2 that are remembered when they are gone.
inline constexpr std::size_t kRememberedDevicesMax = 64;

// A device id of version 2, in bytes of UTF-8: such a device is remembered. The name of a tab, too.
inline constexpr std::size_t kV2DeviceIdBytesMax = 128;

// How long a socket that has sent heartbeats may be silent before its device counts as vanished, in
// milliseconds: browsers wake the timers of a hidden page once a minute, so a heartbeat that is due
// each minute may come after two, and takes a while on its way.
inline constexpr std::int64_t kVanishedMs = 130'000;

// Pushes kept for devices that are not here: so many, and as many bytes of them.
inline constexpr std::size_t kKeptPushesMax = 64;
inline constexpr std::size_t kKeptBytesMax = 262'144;

// Ids of pushes that are remembered.
inline constexpr std::size_t kPushIdsMax = 256;

// Credentials that a device came with and that are remembered: a token that was renewed ends beside
// the one it replaced.
inline constexpr std::size_t kCredentialsMax = 4;

// Credentials that single devices were ended with.
inline constexpr std::size_t kRevokedMax = 256;

// How long a device of version 2 that has gone is expected back, in milliseconds: more is attached
// for it, and frames are counted when no other is connected.
inline constexpr std::int64_t kAwaitedMs = 600'000;

// Version, order, time, presence, both times of the credential and the length of the device id (see
// attachment.cpp).
inline constexpr std::size_t kAttachmentHeaderBytes = 1 + 8 + 8 + 1 + 8 + 8 + 4;

static_assert(kFrameBytesMax < kFrameBytesBeforeClose);
static_assert(kNameBytesMax < kFrameBytesMax);

}  // namespace user_session
