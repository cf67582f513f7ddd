#include "coordinator/http/request_head.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace pare::coordinator {
namespace {

const std::string kNone;

Error unreadable() {
  return {ErrorCode::kInvalidArgument, "the request cannot be read"};
}

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  const auto good = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, good);
}

bool is_printable(std::string_view text) {
  return std::ranges::none_of(text,
                              [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A '%' without two digits stays as it is.
std::string decoded(std::string_view text, bool form) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0 &&
                        digit_of(text[i + 2]) >= 0;
    if (escape) {
      out += static_cast<char>(16 * digit_of(text[i + 1]) + digit_of(text[i + 2]));
      i += 2;
    } else {
      out += form && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string in_lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// Without its "\r\n", and the rest of the text behind it.
std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

void read_query(std::string_view text, RequestHead& head) {
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : one.substr(equals + 1);
    head.query.emplace_back(decoded(one.substr(0, equals), true), decoded(value, true));
  }
}

// "GET /v1/jobs?limit=1 HTTP/1.1"; returns the minor version.
Result<int> read_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !is_printable(line)) return unreadable();
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return unreadable();
  head.method = line.substr(0, first);
  if (!is_token(head.method) || !target.starts_with('/')) return unreadable();
  if (target.find_first_of(" #") != std::string_view::npos) return unreadable();
  const std::size_t mark = target.find('?');
  head.path = decoded(target.substr(0, mark), false);
  if (mark != std::string_view::npos) read_query(target.substr(mark + 1), head);
  return version.back() - '0';
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

const std::string& RequestHead::header(std::string_view name) const {
  const auto at = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return at == headers.end() ? kNone : at->second;
}

std::size_t RequestHead::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count(headers, name, &std::pair<std::string, std::string>::first));
}

std::optional<std::int64_t> RequestHead::content_length() const {
  if (count("content-length") != 1) return std::nullopt;
  const std::string& text = header("content-length");
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

bool RequestHead::has_body() const {
  return count("transfer-encoding") > 0 || (count("content-length") > 0 && content_length() != 0);
}

std::optional<std::size_t> head_length(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  return end + 4;
}

Result<RequestHead> parse_head(std::string_view text) {
  RequestHead head;
  const auto minor = read_request_line(next_line(text), head);
  if (!minor) return minor.error();
  for (std::string_view line = next_line(text); !line.empty(); line = next_line(text)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return unreadable();
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!is_printable(value)) return unreadable();
    if (head.headers.size() == kMostHeaders) {
      return Error{ErrorCode::kInvalidArgument,
                   "the request has more than " + std::to_string(kMostHeaders) + " headers"};
    }
    head.headers.emplace_back(in_lower_case(line.substr(0, colon)), value);
  }
  if (head.count("host") != 1 && (minor.value() == 1 || head.count("host") > 1)) {
    return Error{ErrorCode::kInvalidArgument, "the request must have one Host header"};
  }
  const std::string connection = in_lower_case(head.header("connection"));
  head.keep_alive = minor.value() == 1 ? connection.find("close") == std::string::npos
                                       : connection.find("keep-alive") != std::string::npos;
  return head;
}

}  // namespace pare::coordinator
