#include "checks.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

namespace user_session {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// The grammar of RFC 8259, one function for each of its rules.
class Grammar {
 public:
  explicit Grammar(std::string_view text) : rest_(text) {}

  bool text() {
    space();
    if (!value()) return false;
    space();
    return rest_.empty();
  }

 private:
  bool value() {
    switch (peek()) {
      case '{':
        return list('{', '}', true);
      case '[':
        return list('[', ']', false);
      case '"':
        return string();
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number();
    }
  }

  bool list(char open, char close, bool has_names) {
    take(open);
    space();
    if (take(close)) return true;
    do {
      space();
      if (has_names && !name()) return false;
      if (!value()) return false;
      space();
    } while (take(','));
    return take(close);
  }

  bool name() {
    if (!string()) return false;
    space();
    if (!take(':')) return false;
    space();
    return true;
  }

  bool string() {
    if (!take('"')) return false;
    while (!rest_.empty() && peek() != '"') {
      if (!character()) return false;
    }
    return take('"');
  }

  bool character() {
    const auto c = static_cast<unsigned char>(peek());
    if (c < 0x20) return false;
    if (c == '\\') return escape();
    if (c >= 0x80) return beyond_ascii(c);
    rest_.remove_prefix(1);
    return true;
  }

  bool escape() {
    take('\\');
    if (take('u')) {
      if (rest_.size() < 4 || !std::all_of(rest_.begin(), rest_.begin() + 4, is_hex)) return false;
      rest_.remove_prefix(4);
      return true;
    }
    if (rest_.empty() || std::string_view("\"\\/bfnrt").find(peek()) == std::string_view::npos) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  // A character of several bytes, written as shortly as can be, and no half of a surrogate pair.
  bool beyond_ascii(unsigned first) {
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (rest_.size() < size || first < 0xc2 || first > 0xf4) return false;
    unsigned code = first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
      const auto next = static_cast<unsigned char>(rest_[i]);
      if ((next & 0xc0U) != 0x80) return false;
      code = (code << 6U) | (next & 0x3fU);
    }
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    if (is_surrogate || code > 0x10ffff) return false;
    if ((size == 3 && code < 0x800) || (size == 4 && code < 0x10000)) return false;
    rest_.remove_prefix(size);
    return true;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  bool digits() {
    if (!is_digit(peek())) return false;
    while (is_digit(peek())) rest_.remove_prefix(1);
    return true;
  }

  void space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r"), rest_.size())); }

  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::string_view rest_;
};

// Where effect.h has an effect of this kind.
int place_of(EffectKind kind) {
  switch (kind) {
    case EffectKind::kSetAttachment:
      return 1;
    case EffectKind::kExpel:
      return 2;
    case EffectKind::kAccept:
      return 3;
    case EffectKind::kSend:
    case EffectKind::kSendToAll:
      return 4;
    case EffectKind::kClose:
    case EffectKind::kCloseAll:
      return 5;
    case EffectKind::kAnswer:
    case EffectKind::kLog:
    case EffectKind::kRecordMetrics:
      return 6;
    default:
      return 0;
  }
}

bool is_written_in_json(EffectKind kind) {
  return kind == EffectKind::kSend || kind == EffectKind::kSendToAll ||
         kind == EffectKind::kAnswer || kind == EffectKind::kRecordMetrics ||
         kind == EffectKind::kLogOut;
}

}  // namespace

void require(bool holds, std::string_view what, std::string_view detail) {
  if (holds) return;
  std::fprintf(stderr, "BROKEN: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

bool is_json(std::string_view text) { return Grammar(text).text(); }

int nesting_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_in_string && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      is_in_string = !is_in_string;
    } else if (!is_in_string && (text[i] == '{' || text[i] == '[')) {
      deepest = std::max(deepest, ++depth);
    } else if (!is_in_string && (text[i] == '}' || text[i] == ']')) {
      --depth;
    }
  }
  return deepest;
}

namespace {

template <typename TextOf>
void require_sound(const EffectList& effects, TextOf text_of) {
  int place = 0;
  for (const Effect& effect : effects.list()) {
    require(place_of(effect.kind) >= place, "effects are in the order that effect.h promises");
    place = place_of(effect.kind);
    const std::string text(text_of(effect));
    if (!is_written_in_json(effect.kind)) continue;
    require(is_json(text), "what is sent is JSON", text);
    // A number may be too large for the library, and it has an exponent then or very many digits.
    const bool is_for_library = text.find_first_of("eE") == std::string_view::npos;
    if (is_for_library && text.size() < 300) {
      require(nlohmann::json::accept(text), "the library takes what is sent for JSON", text);
    }
  }
}

}  // namespace

void require_sound(const EffectList& effects) {
  require_sound(effects, [&](const Effect& effect) { return effects.text(effect); });
}

void require_sound(const Host& host) {
  require_sound(host.effects(), [&](const Effect& effect) { return host.text(effect); });
}

}  // namespace user_session
