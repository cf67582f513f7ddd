#include "coordinator/http/replies.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "coordinator/http/problem.h"
#include "coordinator/http/route_doc.h"
#include "wire/sha256.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

constexpr int kMostListed = 1000;
constexpr std::size_t kLongestShown = 100;

template <typename Number>
std::optional<Number> parse_number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error bad_query(const std::string& name, const std::string& must, const std::string& value) {
  return {ErrorCode::kInvalidArgument, "?" + name + "= must be " + must + ", not '" + value + "'",
          name, ordered_json(value).dump(-1, ' ', true, ordered_json::error_handler_t::replace)};
}

struct ByteRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

// "bytes=0-99", "bytes=100-", "bytes=-100"; nullopt: not satisfiable, or several.
std::optional<ByteRange> parse_range(std::string_view header, std::int64_t size) {
  if (!header.starts_with("bytes=")) return std::nullopt;
  const std::string spec(header.substr(6));
  const std::size_t dash = spec.find('-');
  if (dash == std::string::npos || size == 0) return std::nullopt;
  const auto first = parse_number<std::int64_t>(spec.substr(0, dash));
  const auto last = parse_number<std::int64_t>(spec.substr(dash + 1));
  const bool open = dash + 1 == spec.size();
  if (dash == 0) {
    if (!last || *last <= 0) return std::nullopt;
    return ByteRange{std::max<std::int64_t>(0, size - *last), size - 1};
  }
  if (!first || *first < 0 || *first >= size || (!open && (!last || *last < *first))) {
    return std::nullopt;
  }
  return ByteRange{*first, open ? size - 1 : std::min(*last, size - 1)};
}

}  // namespace

Response reply(int status, const ordered_json& document) {
  Response response;
  response.status = status;
  response.body = document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return response;
}

Result<Page> page_of(const Request& request) {
  Page page;
  if (const auto cursor = request.query.find("cursor"); cursor != request.query.end()) {
    const auto after = parse_number<std::int64_t>(cursor->second);
    if (!after || *after < 0) return bad_query("cursor", "what `next` said", cursor->second);
    page.after = *after;
  }
  if (const auto limit = request.query.find("limit"); limit != request.query.end()) {
    const auto value = parse_number<int>(limit->second);
    if (!value || *value < 1 || *value > kMostListed) {
      return bad_query("limit", "a whole number from 1 to " + std::to_string(kMostListed),
                       limit->second);
    }
    page.limit = *value;
  }
  return page;
}

Page one_more(Page page) {
  ++page.limit;
  return page;
}

ListReply::ListReply(const Page& page)
    : limit_(page.limit), items_(std::make_unique<ordered_json>(ordered_json::array())) {}
ListReply::~ListReply() = default;

void ListReply::add(std::int64_t cursor, const ordered_json& view) {
  if (static_cast<int>(items_->size()) == limit_) {
    more_ = true;
    return;
  }
  items_->push_back(view);
  last_ = cursor;
}

Response ListReply::reply() const {
  ordered_json document = {{"items", *items_}};
  if (more_) document["next"] = std::to_string(last_);
  return coordinator::reply(200, document);
}

Result<std::optional<double>> number_of(const Request& request, const std::string& name) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return std::optional<double>();
  const auto value = parse_number<double>(found->second);
  if (!value || !std::isfinite(*value) || *value < 0) {
    return bad_query(name, "a number of at least 0", found->second);
  }
  return value;
}

Result<std::optional<std::int64_t>> whole_of(const Request& request, const std::string& name) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return std::optional<std::int64_t>();
  const auto value = parse_number<std::int64_t>(found->second);
  if (!value || *value < 0) {
    return bad_query(name, "a whole number of at least 0", found->second.substr(0, kLongestShown));
  }
  return value;
}

Result<bool> flag_of(const Request& request, const std::string& name) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return false;
  if (found->second == "true" || found->second == "false") return found->second == "true";
  return bad_query(name, "true or false", found->second.substr(0, kLongestShown));
}

Result<std::int64_t> id_of(const Request& request, const std::string& name) {
  const std::string& text = request.captured(name);
  const auto id = parse_number<std::int64_t>(text);
  if (!id || *id < 1) {
    return Error{ErrorCode::kNotFound, "there is no " + name + " '" + text.substr(0, 100) + "'",
                 name, ordered_json(text).dump()};
  }
  return *id;
}

Result<std::optional<Idempotency>> idempotency_of(const Request& request) {
  if (request.idempotency_key.empty()) return std::optional<Idempotency>();
  if (request.idempotency_key.size() > kLongestKey) {
    return Error{ErrorCode::kInvalidArgument,
                 "Idempotency-Key has " + std::to_string(request.idempotency_key.size()) +
                     " characters, the limit is " + std::to_string(kLongestKey),
                 "Idempotency-Key"};
  }
  return std::optional(
      Idempotency{request.idempotency_key,
                  wire::sha256_hex(request.method + " " + request.path + "\n" + request.body)});
}

Response reply_file(const Request& request, const Blob& blob, const std::string& sha256,
                    const std::string& name) {
  const int descriptor = ::open(blob.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failure({ErrorCode::kNotFound, "no blob " + sha256});
  Response response;
  response.content_type = "application/octet-stream";
  response.headers = {{"Accept-Ranges", "bytes"}, {"ETag", "\"" + sha256 + "\""}};
  if (!name.empty()) {
    response.headers["Content-Disposition"] = "attachment; filename=\"" + name + "\"";
  }
  response.file = FileBody{std::shared_ptr<const int>(new int(descriptor),
                                                      [](const int* d) {
                                                        ::close(*d);
                                                        delete d;
                                                      }),
                           0, blob.size};
  if (request.range.empty()) return response;
  const std::string size = std::to_string(blob.size.count);
  const auto range = parse_range(request.range, blob.size.count);
  if (!range) {
    Response refused =
        problem(416, "the blob has " + size + " bytes; one range inside it can be had", "Range",
                request.range);
    refused.headers["Content-Range"] = "bytes */" + size;
    return refused;
  }
  response.status = 206;
  response.file->offset = range->first;
  response.file->length = Bytes{range->last - range->first + 1};
  response.headers["Content-Range"] =
      "bytes " + std::to_string(range->first) + "-" + std::to_string(range->last) + "/" + size;
  return response;
}

Response refuse_owned(const std::string& what, const std::string& owner) {
  return problem(403, what + " belongs to " + owner + ", who may change it, as administrators may");
}

std::string rfc3339(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), millis);
}

std::vector<QueryParameter> page_query() {
  return {
      {"cursor", schema::whole(0, INT64_MAX), "Goes on behind what `next` said"},
      {"limit", schema::whole(1, kMostListed), "So many entries at most; 100 if it is not there"}};
}

wire::Schema page_of_schema(const std::string& name, const wire::Schema& item) {
  return schema::object({schema::must("items", schema::list(item)),
                         schema::may("next", schema::text(1).about("the cursor of what follows"))})
      .named(name);
}

wire::Schema items_schema(const std::string& name, const wire::Schema& item) {
  return schema::object({schema::must("items", schema::list(item))}).named(name);
}

}  // namespace pare::coordinator
