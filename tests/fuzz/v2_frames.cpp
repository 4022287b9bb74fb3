#include "v2_frames.h"

#include <algorithm>

namespace user_session {

Frame frame_of(std::string_view text) {
  Frame frame;
  frame.text = text;
  frame.json = Json::parse(text);
  frame.type = frame.json["type"];
  frame.plain = text;
  frame.seq = frame.json.value("seq", std::int64_t{0});
  frame.epoch = frame.json.value("epoch", std::int64_t{0});
  if (frame.type == "push") frame.message = frame.json.value("inbox", std::int64_t{0});
  frame.id = frame.json.value("id", "");
  if (frame.seq == 0 || is_whole(frame)) return frame;
  std::string members = ",\"seq\":" + std::to_string(frame.seq);
  if (frame.epoch != 0) members += ",\"epoch\":" + std::to_string(frame.epoch);
  // In a push they stand before the body, which may have the same members.
  const std::size_t at =
      frame.type == "push" ? frame.plain.find(members) : frame.plain.rfind(members);
  if (at != std::string::npos) frame.plain.erase(at, members.size());
  return frame;
}

Sent::Sent(const Host& host) {
  std::uint32_t offset = 0;
  for (const Effect& effect : host.effects().list()) {
    if (effect.kind != EffectKind::kSend && effect.kind != EffectKind::kSendToAll) continue;
    // Equal frames in a row share one text.
    const bool is_shared = !entries_.empty() && effect.text_offset == offset;
    offset = effect.text_offset;
    const FramePtr frame = is_shared ? entries_.back().frame
                                     : std::make_shared<const Frame>(frame_of(host.text(effect)));
    const bool is_to_all = effect.kind == EffectKind::kSendToAll;
    entries_.push_back({.socket = is_to_all ? kNoConnection : effect.connection, .frame = frame});
  }
}

std::vector<FramePtr> Sent::to(ConnectionId socket) const {
  std::vector<FramePtr> frames;
  for (const Entry& entry : entries_) {
    if (entry.socket == kNoConnection || entry.socket == socket) frames.push_back(entry.frame);
  }
  return frames;
}

bool is_sent(const Host& host, std::string_view part) {
  const auto& list = host.effects().list();
  return std::any_of(list.begin(), list.end(), [&](const Effect& effect) {
    const bool is_frame = effect.kind == EffectKind::kSend || effect.kind == EffectKind::kSendToAll;
    return is_frame && host.text(effect).find(part) != std::string::npos;
  });
}

bool is_news(const Frame& frame) {
  const std::string& type = frame.type;
  if (type == "push") return frame.seq > 0;
  if (type == "event") return frame.json["event"] != "aimed";
  return type == "game_joined" || type == "game_left" || type == "inbox_read";
}

bool is_replaced(const Frame& frame) {
  return frame.type.starts_with("device_") || frame.type.starts_with("presence_");
}

bool is_whole(const Frame& frame) {
  return frame.type == "initial_state" || (frame.type == "state" && frame.json.contains("epoch"));
}

}  // namespace user_session
