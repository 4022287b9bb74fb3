// Values as devices and servers set and delete them. How they are kept is in state/values.h.
#include "limits.h"
#include "session.h"

namespace user_session {
namespace {

constexpr Refusal kConflict = {ErrorCode::kConflict,
                               "ifVersion is not the value's version: look at what it is now"};
constexpr Refusal kValueTooLarge = {ErrorCode::kLimitReached,
                                    "value is too large: expected at most 16384 bytes of JSON"};
static_assert(kValueBytesMax == 16'384, "the refusal names the limit");
constexpr Refusal kTooManyValues = {ErrorCode::kLimitReached,
                                    "there are too many values: expected at most 128 keys"};
static_assert(kValuesMax == 128, "the refusal names the limit");
constexpr Refusal kValuesTooLarge = {
    ErrorCode::kLimitReached,
    "the values are too large: expected at most 131072 bytes of JSON in all"};
static_assert(kValuesBytesMax == 131'072, "the refusal names the limit");
constexpr Refusal kNoChange = {ErrorCode::kInvalidMessage,
                               "type must be set_value or delete_value"};

}  // namespace

void Session::on(const ValuesRequested& event, Step& step) {
  if (const auto turned_away = admit(event.credential, event.now)) {
    return answer_refusal(*turned_away, step);
  }
  std::optional<std::string_view> only;
  if (!event.key.empty()) only = event.key;
  write_values_answer(out_, user_.values.views(only));
  step.effects.answer(kStatusOk, out_, user_.values.full_size(out_));
}

void Session::on(const ValueChangeRequested& event, Step& step) {
  if (const auto turned_away = admit(event.credential, event.now)) {
    return answer_refusal(*turned_away, step);
  }
  if (event.payload.size_bytes > kFrameBytesMax) {
    return answer_refusal({kStatusTooLarge, kTooLarge}, step);
  }
  const auto parsed = parser_.parse_frame(event.payload.text, ProtocolVersion::kVersion2);
  const auto* refusal = std::get_if<Refusal>(&parsed);
  if (refusal != nullptr) return answer_refusal({kStatusBadRequest, *refusal}, step);
  const Message& message = *std::get_if<Message>(&parsed);
  const auto* setting = std::get_if<SetValue>(&message);
  const auto* deleting = std::get_if<DeleteValue>(&message);
  Refused refused = kNoChange;
  if (!event.misfit.empty()) {
    return answer_refusal({kStatusBadRequest, {ErrorCode::kInvalidMessage, event.misfit}}, step);
  }
  if (setting != nullptr) refused = handle(*setting, step);
  if (deleting != nullptr) refused = handle(*deleting, step);
  if (refused && !step.conflict_key.empty()) {
    write_conflict_answer(out_, *refused, user_.values.view(step.conflict_key));
    return step.effects.answer(kStatusConflict, out_, user_.values.full_size(out_));
  }
  if (refused) return answer_refusal({kStatusBadRequest, *refused}, step);
  const Value* value = setting != nullptr ? user_.values.find(setting->key) : nullptr;
  write_version_answer(out_, value == nullptr ? 0 : value->version);
  step.effects.answer(kStatusOk, out_);
}

Session::Refused Session::handle(const SetValue& message, Step& step) {
  if (auto refusal = check_version(message.key, message.if_version, step)) return refusal;
  const Value* value = user_.values.find(message.key);
  if (value != nullptr && Values::is_equal(*value, message.value)) return std::nullopt;
  if (message.value.size() > kValueBytesMax) return kValueTooLarge;
  if (value == nullptr && user_.values.is_full()) return kTooManyValues;
  if (user_.values.is_too_large(message.value, value)) return kValuesTooLarge;
  change_value(message.key, message.value, step);
  return std::nullopt;
}

Session::Refused Session::handle(const DeleteValue& message, Step& step) {
  if (auto refusal = check_version(message.key, message.if_version, step)) return refusal;
  if (user_.values.find(message.key) != nullptr) change_value(message.key, std::nullopt, step);
  return std::nullopt;
}

Session::Refused Session::check_version(std::string_view key,
                                        std::optional<std::int64_t> if_version, Step& step) const {
  const Value* value = user_.values.find(key);
  const std::int64_t version = value == nullptr ? 0 : value->version;
  if (!if_version || *if_version == version) return std::nullopt;
  step.conflict_key = key;
  return kConflict;
}

void Session::change_value(std::string_view key, std::optional<std::string_view> text, Step& step) {
  const bool is_device = user_.connections.is_open(step.sender);
  const std::string_view from =
      is_device ? std::string_view(user_.connections[step.sender].device_id) : kNoText;
  const std::int64_t seq = user_.sequence.count_value(step.now, user_.connections);
  const std::int64_t forgotten = user_.values.change({.key = key,
                                                      .text = text,
                                                      .from = from,
                                                      .now = step.now,
                                                      .seq = seq,
                                                      .reach = user_.sequence.journal().reach()});
  user_.sequence.forget_up_to(forgotten);
  if (user_.connections.v2_count() == 0) return;
  write_value_change(out_, {.key = key,
                            .version = user_.values.last_version(),
                            .from = from,
                            .is_there = text.has_value(),
                            .text = text.value_or(kNoText),
                            .slot = 0});
  tell_devices(out_, kNoConnection, step);
}

void Session::send_with_values(ConnectionId connection, std::string_view frame, Step& step) const {
  step.effects.send(connection, frame, user_.values.full_size(frame));
}

}  // namespace user_session
