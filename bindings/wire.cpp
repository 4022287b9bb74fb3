// The fields of each event, in the order in which event-writer.js writes them.
#include "wire.h"

#include "format/bytes.h"

namespace user_session {
namespace {

// Bytes of the smallest WokenConnection: number, heartbeat and the length of an empty attachment.
constexpr std::size_t kWokenConnectionBytesMin = 4 + 8 + 4;

// Bytes of the smallest WokenMessage: slot and the length of an empty row.
constexpr std::size_t kWokenMessageBytesMin = 4 + 4;

// Bytes of the smallest WokenValue: slot, the length of an empty header and the size of the text.
constexpr std::size_t kWokenValueBytesMin = 4 + 4 + 4;

// Bytes of a Heartbeat: the connection's number and a time.
constexpr std::size_t kHeartbeatBytes = 4 + 8;

std::vector<std::string_view> read_texts(ByteReader& reader) {
  std::vector<std::string_view> texts(reader.count(sizeof(std::uint32_t)));
  for (std::string_view& text : texts) text = reader.text();
  return texts;
}

// Reads a stored row, which may be absent.
std::optional<std::string_view> read_row(ByteReader& reader) {
  if (!reader.flag()) return std::nullopt;
  return reader.text();
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
  credential.is_sign_in_time = reader.flag();
  const std::string_view session = reader.text();
  const std::string_view token = reader.text();
  identify(credential, {.session = session, .token = token});
  return credential;
}

void read(ByteReader& reader, Woken& event) {
  event.user_id = reader.text();
  event.now = reader.safe_integer();
  event.snapshot = read_row(reader);
  event.logout = read_row(reader);
  event.inbox = read_row(reader);
  event.kept = read_row(reader);
  event.messages.resize(reader.count(kWokenMessageBytesMin));
  for (WokenMessage& message : event.messages) {
    message.slot = reader.u32();
    message.bytes = reader.text();
  }
  event.values.resize(reader.count(kWokenValueBytesMin));
  for (WokenValue& value : event.values) {
    value.slot = reader.u32();
    value.header = reader.text();
    value.text_size = reader.u32();
  }
  if (reader.flag()) {
    Legacy& legacy = event.legacy.emplace();
    legacy.last_active = reader.safe_integer();
    legacy.games = read_texts(reader);
  }
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
  event.not_before_s = reader.safe_integer();
  event.clock_skew_s = reader.safe_integer();
  event.is_nobody_checked = reader.flag();
  event.is_measured = reader.flag();
  event.is_any_lost = reader.flag();
  event.randomness = reader.safe_integer();
}

Payload read_payload(ByteReader& reader) {
  Payload payload;
  payload.size_bytes = reader.u32();
  payload.text = reader.text();
  return payload;
}

void read(ByteReader& reader, FrameReceived& event) {
  event.connection = reader.u32();
  event.now = reader.safe_integer();
  event.is_text = reader.flag();
  event.payload = read_payload(reader);
  event.misfit = reader.text();
}

void read(ByteReader& reader, Connected& event) {
  event.connection = reader.u32();
  event.now = reader.safe_integer();
  event.device_id = reader.text();
  event.credential = read_credential(reader);
  event.version = static_cast<ProtocolVersion>(reader.u8(1, 2));
  event.tab_id = reader.text();
  event.run = reader.text();
  event.since.epoch = reader.safe_integer();
  event.since.seq = reader.safe_integer();
  event.inbox = reader.safe_integer();
}

void read(ByteReader& reader, Disconnected& event) {
  event.connection = reader.u32();
  event.now = reader.safe_integer();
  event.heartbeat = reader.safe_integer();
}

void read(ByteReader& reader, StateRequested& event) {
  event.now = reader.safe_integer();
  event.heartbeat = reader.safe_integer();
  event.credential = read_credential(reader);
}

void read(ByteReader& reader, ClearRequested& event) {
  event.now = reader.safe_integer();
  event.credential = read_credential(reader);
}

void read(ByteReader& reader, PushRequested& event) {
  event.now = reader.safe_integer();
  event.payload = read_payload(reader);
  event.keep_s = reader.u32();
  event.push_id = reader.text();
  event.audience.to = read_texts(reader);
  event.audience.except = read_texts(reader);
  event.misfit = reader.text();
}

void read(ByteReader& reader, LogoutRequested& event) {
  event.now = reader.safe_integer();
  event.scope = static_cast<LogoutScope>(reader.u8(1, 5));
  event.credential = read_credential(reader);
  event.id = reader.text();
  event.ended_at_s = reader.second();
}

void read(ByteReader& reader, HeartbeatsRead& event) {
  event.now = reader.safe_integer();
  event.heartbeats.resize(reader.count(kHeartbeatBytes));
  for (HeartbeatsRead::Heartbeat& heartbeat : event.heartbeats) {
    heartbeat.connection = reader.u32();
    heartbeat.at = reader.safe_integer();
  }
}

void read(ByteReader& reader, ExportRequested& event) {
  event.now = reader.safe_integer();
  event.credential = read_credential(reader);
}

void read(ByteReader& reader, TicketRequested& event) {
  event.now = reader.safe_integer();
  event.credential = read_credential(reader);
}

void read(ByteReader& reader, ValuesRequested& event) {
  event.now = reader.safe_integer();
  event.credential = read_credential(reader);
  event.key = reader.text();
}

void read(ByteReader& reader, ValueChangeRequested& event) {
  event.now = reader.safe_integer();
  event.credential = read_credential(reader);
  event.payload = read_payload(reader);
  event.misfit = reader.text();
}

void read(ByteReader& reader, GameJoinRequested& event) {
  event.now = reader.safe_integer();
  event.game_id = reader.text();
}

void read(ByteReader& reader, GameLeaveRequested& event) {
  event.now = reader.safe_integer();
  event.game_id = reader.text();
}

void read(ByteReader& reader, MetricsRequested& event) { event.now = reader.safe_integer(); }

void read(ByteReader& reader, DevicesRequested& event) { event.now = reader.safe_integer(); }

// Reads the event that `tag` names into `event`. Returns false if it names none.
bool read(EventTag tag, ByteReader& reader, Event& event) {
  switch (tag) {
    case EventTag::kWoken:
      read(reader, event.emplace<Woken>());
      return true;
    case EventTag::kConnected:
      read(reader, event.emplace<Connected>());
      return true;
    case EventTag::kFrameReceived:
      read(reader, event.emplace<FrameReceived>());
      return true;
    case EventTag::kDisconnected:
      read(reader, event.emplace<Disconnected>());
      return true;
    case EventTag::kStateRequested:
      read(reader, event.emplace<StateRequested>());
      return true;
    case EventTag::kClearRequested:
      read(reader, event.emplace<ClearRequested>());
      return true;
    case EventTag::kPushRequested:
      read(reader, event.emplace<PushRequested>());
      return true;
    case EventTag::kGameJoinRequested:
      read(reader, event.emplace<GameJoinRequested>());
      return true;
    case EventTag::kGameLeaveRequested:
      read(reader, event.emplace<GameLeaveRequested>());
      return true;
    case EventTag::kLogoutRequested:
      read(reader, event.emplace<LogoutRequested>());
      return true;
    case EventTag::kMetricsRequested:
      read(reader, event.emplace<MetricsRequested>());
      return true;
    case EventTag::kHeartbeatsRead:
      read(reader, event.emplace<HeartbeatsRead>());
      return true;
    case EventTag::kDevicesRequested:
      read(reader, event.emplace<DevicesRequested>());
      return true;
    case EventTag::kExportRequested:
      read(reader, event.emplace<ExportRequested>());
      return true;
    case EventTag::kTicketRequested:
      read(reader, event.emplace<TicketRequested>());
      return true;
    case EventTag::kValuesRequested:
      read(reader, event.emplace<ValuesRequested>());
      return true;
    case EventTag::kValueChangeRequested:
      read(reader, event.emplace<ValueChangeRequested>());
      return true;
  }
  return false;
}

}  // namespace

std::optional<Event> decode_event(std::string_view bytes) {
  ByteReader reader(bytes);
  const auto tag = static_cast<EventTag>(reader.u8());
  // The event is read where it stays, since moving one would take code for each kind.
  std::optional<Event> event(std::in_place);
  if (!read(tag, reader, *event) || !reader.finished()) event.reset();
  return event;
}

}  // namespace user_session
