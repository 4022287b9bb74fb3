#include "wire.h"

#include "bytes.h"
#include "hash.h"

namespace user_session {
namespace {

// A connection's number, heartbeat and the length of its attachment.
constexpr std::size_t kWokenConnectionBytesMin = 4 + 8 + 4;

// A connection's number and time.
constexpr std::size_t kHeartbeatBytes = 4 + 8;

std::vector<std::string_view> read_texts(ByteReader& reader) {
  std::vector<std::string_view> texts(reader.count(sizeof(std::uint32_t)));
  for (std::string_view& text : texts) text = reader.text();
  return texts;
}

Rate read_rate(ByteReader& reader) {
  Rate rate;
  rate.count = reader.u32();
  rate.per_ms = reader.u32();
  rate.burst = reader.u32();
  return rate;
}

Credential read_credential(ByteReader& reader) {
  Credential credential;
  credential.issued_at_s = reader.safe_integer();
  credential.expires_at = reader.safe_integer();
  const std::string_view id = reader.text();
  if (!id.empty()) credential.id = hash_of(id);
  return credential;
}

Woken read_woken(ByteReader& reader) {
  Woken event;
  event.user_id = reader.text();
  event.now = reader.safe_integer();
  event.has_snapshot = reader.flag();
  event.snapshot = reader.text();
  event.has_logout = reader.flag();
  event.logout = reader.text();
  event.kept = reader.text();
  event.has_legacy = reader.flag();
  event.legacy_last_active = reader.safe_integer();
  event.legacy_games = read_texts(reader);
  event.connections.resize(reader.count(kWokenConnectionBytesMin));
  for (WokenConnection& connection : event.connections) {
    connection.connection = reader.u32();
    connection.heartbeat = reader.safe_integer();
    connection.attachment = reader.text();
  }
  event.rate_limits.frames = read_rate(reader);
  event.rate_limits.user_frames = read_rate(reader);
  event.rate_limits.connects = read_rate(reader);
  event.rate_limits.devices_max = reader.u32();
  event.is_measured = reader.flag();
  return event;
}

Payload read_payload(ByteReader& reader) {
  Payload payload;
  payload.size_bytes = reader.u32();
  payload.text = reader.text();
  return payload;
}

FrameReceived read_frame_received(ByteReader& reader) {
  FrameReceived event;
  event.connection = reader.u32();
  event.now = reader.safe_integer();
  event.is_text = reader.flag();
  event.payload = read_payload(reader);
  return event;
}

std::optional<Event> read_connected(ByteReader& reader) {
  Connected event;
  event.connection = reader.u32();
  event.now = reader.safe_integer();
  event.device_id = reader.text();
  event.credential = read_credential(reader);
  event.version = static_cast<ProtocolVersion>(reader.u8());
  event.tab_id = reader.text();
  event.since.epoch = reader.safe_integer();
  event.since.seq = reader.safe_integer();
  const bool is_known =
      event.version == ProtocolVersion::kVersion1 || event.version == ProtocolVersion::kVersion2;
  if (!is_known) return std::nullopt;
  return event;
}

Disconnected read_disconnected(ByteReader& reader) {
  Disconnected event;
  event.connection = reader.u32();
  event.heartbeat = reader.safe_integer();
  return event;
}

StateRequested read_state_requested(ByteReader& reader) {
  StateRequested event;
  event.now = reader.safe_integer();
  event.heartbeat = reader.safe_integer();
  event.credential = read_credential(reader);
  return event;
}

ClearRequested read_clear_requested(ByteReader& reader) {
  ClearRequested event;
  event.now = reader.safe_integer();
  event.credential = read_credential(reader);
  return event;
}

PushRequested read_push_requested(ByteReader& reader) {
  PushRequested event;
  event.now = reader.safe_integer();
  event.payload = read_payload(reader);
  event.keep_s = reader.u32();
  event.push_id = reader.text();
  event.audience.to = read_texts(reader);
  event.audience.except = read_texts(reader);
  return event;
}

LogoutRequested read_logout_requested(ByteReader& reader) {
  LogoutRequested event;
  event.now = reader.safe_integer();
  event.device_id = reader.text();
  return event;
}

HeartbeatsRead read_heartbeats_read(ByteReader& reader) {
  HeartbeatsRead event;
  event.now = reader.safe_integer();
  event.heartbeats.resize(reader.count(kHeartbeatBytes));
  for (HeartbeatsRead::Heartbeat& heartbeat : event.heartbeats) {
    heartbeat.connection = reader.u32();
    heartbeat.at = reader.safe_integer();
  }
  return event;
}

ExportRequested read_export_requested(ByteReader& reader) {
  ExportRequested event;
  event.now = reader.safe_integer();
  event.credential = read_credential(reader);
  return event;
}

template <typename Request>
Request read_game_requested(ByteReader& reader) {
  Request event;
  event.now = reader.safe_integer();
  event.game_id = reader.text();
  return event;
}

std::optional<Event> read_event(EventTag tag, ByteReader& reader) {
  switch (tag) {
    case EventTag::kWoken:
      return read_woken(reader);
    case EventTag::kConnected:
      return read_connected(reader);
    case EventTag::kFrameReceived:
      return read_frame_received(reader);
    case EventTag::kDisconnected:
      return read_disconnected(reader);
    case EventTag::kStateRequested:
      return read_state_requested(reader);
    case EventTag::kClearRequested:
      return read_clear_requested(reader);
    case EventTag::kPushRequested:
      return read_push_requested(reader);
    case EventTag::kGameJoinRequested:
      return read_game_requested<GameJoinRequested>(reader);
    case EventTag::kGameLeaveRequested:
      return read_game_requested<GameLeaveRequested>(reader);
    case EventTag::kLogoutRequested:
      return read_logout_requested(reader);
    case EventTag::kMetricsRequested:
      return MetricsRequested{reader.safe_integer()};
    case EventTag::kHeartbeatsRead:
      return read_heartbeats_read(reader);
    case EventTag::kDevicesRequested:
      return DevicesRequested{reader.safe_integer()};
    case EventTag::kExportRequested:
      return read_export_requested(reader);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Event> decode_event(std::string_view bytes) {
  ByteReader reader(bytes);
  const auto tag = static_cast<EventTag>(reader.u8());
  std::optional<Event> event = read_event(tag, reader);
  if (!reader.finished()) return std::nullopt;
  return event;
}

}  // namespace user_session
