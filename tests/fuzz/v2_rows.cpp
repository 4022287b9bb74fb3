#include "v2_rows.h"

#include "checks.h"

namespace user_session {

void Rows::check_new(std::optional<std::string>& row, std::string_view written) {
  require(!row || *row != written, "rows: no row is written again as it is");
  row = written;
}

void Rows::check(const Host& host, const Cost& cost) {
  int stored = 0;
  int inbox_rows = 0;
  int message_rows = 0;
  int value_rows = 0;
  int deleted = 0;
  for (const Effect& effect : host.effects().list()) {
    const std::string_view text = host.effects().text(effect);
    switch (effect.kind) {
      case EffectKind::kStore:
        ++stored;
        check_new(snapshot_, text);
        break;
      case EffectKind::kStoreInbox:
        ++inbox_rows;
        check_new(inbox_, text);
        break;
      case EffectKind::kStoreMessage:
        ++message_rows;
        messages_[effect.number] = text;
        break;
      case EffectKind::kDeleteMessage:
        ++deleted;
        require(messages_.erase(effect.number) == 1, "rows: no row is deleted that is not there");
        break;
      case EffectKind::kStoreValue:
        ++value_rows;
        break;
      case EffectKind::kStoreLogout:
        require(cost.may_store_logout, "rows: only a logout writes its row");
        break;
      case EffectKind::kErase:
        require(cost.may_erase, "rows: only a clear erases");
        snapshot_.reset();
        inbox_.reset();
        messages_.clear();
        break;
      default:
        break;
    }
  }
  require(stored <= (cost.may_store || cost.must_store ? 1 : 0),
          "rows: the snapshot is not written for that");
  require(stored > 0 || !cost.must_store, "rows: what must survive is stored");
  require(message_rows == cost.message_rows, "rows: a message has one row");
  require(value_rows == cost.value_rows, "rows: a change of a value is one row");
  require(deleted == 0 || cost.may_delete, "rows: no message goes for that");
  // A message that goes may have overwritten another's row.
  require(
      inbox_rows >= cost.inbox_rows && inbox_rows <= cost.inbox_rows + (cost.may_delete ? 1 : 0),
      "rows: the row of the inbox is written for what has changed without a message");
}

void Rows::note(const Host& host) {
  snapshot_ = host.stored;
  inbox_ = host.stored_inbox;
  messages_ = host.stored_messages;
}

}  // namespace user_session
