#include "engine/pipeline/literal.h"

#include <cctype>
#include <charconv>

namespace pare::engine {
namespace {

constexpr int kDeepest = 8;

void append_utf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | (code >> 6U));
    text += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    text += static_cast<char>(0xE0U | (code >> 12U));
    text += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    text += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<Literal> all() {
    auto literal = value(0);
    skip_blanks();
    return rest_.empty() ? literal : std::nullopt;
  }

 private:
  std::optional<Literal> value(int depth) {
    skip_blanks();
    if (rest_.empty() || depth > kDeepest) return std::nullopt;
    switch (rest_[0]) {
      case '[': return list(']', depth);
      case '(': return list(')', depth);
      case '{': return dictionary(depth);
      case '\'':
      case '"': return text();
      default: return bare();
    }
  }

  std::optional<Literal> list(char close, int depth) {
    rest_.remove_prefix(1);
    Literal::List values;
    while (!take(close)) {
      auto one = value(depth + 1);
      if (!one) return std::nullopt;
      values.push_back(*std::move(one));
      if (!take(',')) {
        if (!take(close)) return std::nullopt;
        break;
      }
    }
    return Literal{std::move(values)};
  }

  std::optional<Literal> dictionary(int depth) {
    rest_.remove_prefix(1);
    Literal::Dictionary values;
    while (!take('}')) {
      auto key = value(depth + 1);
      if (!key || !take(':')) return std::nullopt;
      auto one = value(depth + 1);
      if (!one) return std::nullopt;
      values.push_back({*std::move(key), *std::move(one)});
      if (!take(',')) {
        if (!take('}')) return std::nullopt;
        break;
      }
    }
    return Literal{std::move(values)};
  }

  std::optional<Literal> text() {
    const char quote = rest_[0];
    rest_.remove_prefix(1);
    std::string made;
    while (!rest_.empty() && rest_[0] != quote) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c != '\\') {
        made += c;
      } else if (!escaped(made)) {
        return std::nullopt;
      }
    }
    if (rest_.empty()) return std::nullopt;
    rest_.remove_prefix(1);
    return Literal{std::move(made)};
  }

  bool escaped(std::string& made) {
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    switch (c) {
      case 'n': made += '\n'; return true;
      case 't': made += '\t'; return true;
      case 'r': made += '\r'; return true;
      case 'x': return code(2, made);
      case 'u': return code(4, made);
      default: made += c; return true;
    }
  }

  bool code(std::size_t digits, std::string& made) {
    if (rest_.size() < digits) return false;
    unsigned number = 0;
    const char* end = rest_.data() + digits;
    const auto read = std::from_chars(rest_.data(), end, number, 16);
    if (read.ec != std::errc() || read.ptr != end) return false;
    rest_.remove_prefix(digits);
    append_utf8(made, number);
    return true;
  }

  std::optional<Literal> bare() {
    std::size_t length = 0;
    while (length < rest_.size() && is_bare(rest_[length])) ++length;
    if (length == 0) return std::nullopt;
    const std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    double number = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
    if (read.ec == std::errc() && read.ptr == word.data() + word.size()) return Literal{number};
    return Literal{std::string(word)};
  }

  static bool is_bare(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '+' ||
           c == '.';
  }

  void skip_blanks() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_[0])) != 0) {
      rest_.remove_prefix(1);
    }
  }

  bool take(char c) {
    skip_blanks();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<Literal> parse_literal(std::string_view text) {
  return Parser(text).all();
}

}  // namespace pare::engine
