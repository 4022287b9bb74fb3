// Every limit that the session checks: each name ends with its unit or with what it counts, and
// each comment says why the number is what it is. worker/common/limits.js has those that only
// JavaScript checks, before the session hears of anything; where both have a limit, a test holds
// them equal. How many frames and connections a user may have is not a limit of the code: the owner
// sets that (RateLimits in event.h).
//
// Bytes of a text are bytes of UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>

namespace user_session {

// Bytes of a device's frame or of a pushed body; a larger one is refused with `too_large`. It
// bounds what one frame makes the server copy and send to every device.
inline constexpr std::size_t kFrameBytesMax = 65'536;

// Bytes of a frame above which its connection is closed with 1009. 16 times what is allowed is no
// slip: whoever sends that is not one of our clients.
inline constexpr std::size_t kFrameBytesBeforeClose = 1'048'576;

// Levels to which the objects and arrays of a frame may nest; the frame's own object is the first.
// plain_fields.cpp calls itself for each level, and the module's stack has 16 KiB.
inline constexpr int kNestingMax = 32;

// Number of games of one user. With kNameBytesMax it bounds the list of games, which is stored and
// sent at each change, to 33 KiB as stored.
inline constexpr std::size_t kActiveGamesMax = 256;

// Bytes of a game id, or of the name of an event or a device. A UUID has 36, so ids of any usual
// kind fit.
inline constexpr std::size_t kNameBytesMax = 128;

// Bytes of a socket's attachment. The platform takes 16,384 after its own serialization, of which
// up to 14 go to the header of a byte array (measured on workerd 2026-11-17: 16,370 pass).
inline constexpr std::size_t kAttachmentBytesMax = 16'370;

// Bytes of a device id of version 1. It is attached to the socket and sent with each of the
// device's events. The ids of the hook in production have 40; the limit leaves room for any other.
inline constexpr std::size_t kDeviceIdBytesMax = 1'024;

// Bytes that a frame may cause to be sent, to all devices together, before it counts as one more
// frame; it counts once more for each time that it sends so much. It is the size of the largest
// frame, so one of that size to 100 devices counts about 100 times more.
inline constexpr std::int64_t kSentBytesPerFrame = 65'536;

// Milliseconds by which the stored `lastActive` may lag behind the shown one when no device is
// connected. So a user who comes and goes costs at most one row a minute for this reason.
inline constexpr std::int64_t kLastActiveLagMs = 60'000;

// Milliseconds in a second. It is no limit, but many files that include this one need it.
inline constexpr std::int64_t kMsPerSecond = 1000;

// Milliseconds by which an attachment may lag behind what is known. Writing one is free but takes a
// few microseconds, so a busy connection's own data is attached once a second and not at every
// frame.
inline constexpr std::int64_t kAttachmentLagMs = 1'000;

// Number and bytes of the frames to all devices that are kept in memory for devices that come back.
// A device that has missed more is told to start over. The bytes are four frames of the largest
// size.
inline constexpr std::size_t kJournalFramesMax = 256;
inline constexpr std::size_t kJournalBytesMax = 262'144;

// Bytes of the newest of these frames that are copied into the newest attachment. It is rewritten
// at each frame to all, so it is small. It serves devices that have gone without a word. With 1 KiB
// an event cost 1.16 times as much CPU as in version 1 (2026-11-23, docs/performance.md).
inline constexpr std::size_t kJournalRecentBytesMax = 512;
// Bytes of the same while a device is known to be missing (kAwaitedMs). They are fewer if the runs
// of many devices need the room.
inline constexpr std::size_t kJournalAttachedBytesMax = 10'240;

// Number of missing devices that are remembered; the one that has been gone the longest is
// forgotten first. Each takes 24 bytes of each attachment.
inline constexpr std::size_t kMissingMax = 8;

// Bytes of the newest of these frames that are stored in the snapshot when nobody is connected.
// They are written rarely, so they may be more than in an attachment.
inline constexpr std::size_t kJournalStoredBytesMax = 16'384;

// Characters of a run, the name that one run of a client program gives itself. 16 of 64 different
// ones are 96 random bits.
inline constexpr std::size_t kRunBytesMin = 16;
inline constexpr std::size_t kRunBytesMax = 24;

// Number of requests below the highest one of a run of which is known whether they were done
// (state/runs.h). A client uses no number 64 above one that is not answered
// (client/src/requests.ts); a test holds it to that.
inline constexpr std::int64_t kRunWindow = 64;

// Number of runs without a connection that are remembered: as many as asked last.
inline constexpr std::size_t kAwayRunsMax = 32;
// Number of runs that are remembered at all, so that they fit into an attachment: those of 128
// connections, which is how many a user may have unless the owner sets another limit, and those
// without one. Of a user with more the runs that asked longest ago are forgotten.
inline constexpr std::size_t kRunsMax = 128 + kAwayRunsMax;

// Number of complete epochs whose places are still known (state/sequence.h).
inline constexpr std::size_t kEpochsMax = 16;

// Number of devices in either list of an audience (event.h). It is as many as are remembered of
// version 2.
inline constexpr std::size_t kAimedDevicesMax = 64;

// Number of devices of version 2 that are remembered when they are gone. Each takes up to 316 bytes
// of the snapshot.
inline constexpr std::size_t kRememberedDevicesMax = 64;

// Bytes of a device id of version 2, and of the name of a tab. It is less than in version 1 since
// such a device is remembered.
inline constexpr std::size_t kV2DeviceIdBytesMax = 128;

// Milliseconds of silence after which a socket that has sent heartbeats counts as vanished.
// Browsers wake the timers of a hidden page once a minute, so a heartbeat that is due each minute
// may come after two, and takes a while on its way.
inline constexpr std::int64_t kVanishedMs = 130'000;

// Number and bytes of the messages in an inbox; the oldest is dropped for a newer one. Each has a
// row of its own.
inline constexpr std::size_t kMessagesMax = 64;
inline constexpr std::size_t kMessagesBytesMax = 262'144;

// Number of push ids that are remembered, to recognize a repetition. They take 16 bytes each in the
// row of the inbox.
inline constexpr std::size_t kPushIdsMax = 256;

// Number of values of one user, bytes of one, and of all together. They are what `initial_state`
// brings to each device, so they are the size of two frames.
inline constexpr std::size_t kValuesMax = 128;
inline constexpr std::size_t kValueBytesMax = 16'384;
inline constexpr std::size_t kValuesBytesMax = 131'072;
// Number of deleted values that are remembered for devices which may have missed the deletion. When
// there are more, a device that was there before the oldest one starts over.
inline constexpr std::size_t kDeletedValuesMax = 64;

// Number of credentials that are remembered of each device, the newest ones. A logout of the device
// ends them all, since a token that was renewed stays valid beside the one that replaced it.
inline constexpr std::size_t kCredentialsMax = 8;

// Number of credentials that were ended alone and are remembered. They take 24 bytes each in the
// logout row.
inline constexpr std::size_t kEndedMax = 256;

// Milliseconds for which a device of version 2 that has gone is expected back. Until then more
// frames are attached for it (kJournalAttachedBytesMax), and frames are counted although no other
// such device is connected, which may cost rows.
inline constexpr std::int64_t kAwaitedMs = 600'000;

// Bytes that a later release may have added to an attachment, and again to what it shares, and
// there to the sequence and to the runs. They are kept and written back.
inline constexpr std::size_t kRestBytesMax = 512;

static_assert(kFrameBytesMax < kFrameBytesBeforeClose);
static_assert(kNameBytesMax < kFrameBytesMax);

}  // namespace user_session
