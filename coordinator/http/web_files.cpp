#include "coordinator/http/web_files.h"

#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "coordinator/http/problem.h"
#include "coordinator/http/request_head.h"
#include "wire/sha256.h"

namespace pare::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = "index.html";
constexpr std::size_t kTagDigits = 20;

// Scripts and styles from here alone, none that stand in the page: what a name or a message of
// somebody's model holds is never run.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
}};

std::string type_of(const fs::path& file) {
  for (const auto& [ending, type] : kTypes) {
    if (file.extension() == ending) return std::string(type);
  }
  return "application/octet-stream";
}

std::optional<std::string> bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The first of a list with commas, which is then shorter by it.
std::string_view next_of(std::string_view& list) {
  const std::size_t comma = list.find(',');
  const std::string_view one = trimmed(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return one;
}

// "q=0", "q=0.000": not wanted at all.
bool refuses(std::string_view parameter) {
  const std::string_view text = trimmed(parameter);
  return text.starts_with("q=0") && text.find_first_not_of("0.", 2) == std::string_view::npos;
}

Response reply_file_of_page(const Request& request, const WebFile& file) {
  Response response;
  response.content_type = file.content_type;
  response.headers = {{"ETag", file.etag},
                      {"Vary", "Accept-Encoding"},
                      {"Content-Security-Policy", kPolicy},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"}};
  if (names_tag(request.if_none_match, file.etag)) {
    response.status = 304;
  } else if (!file.gzip.empty() && takes_gzip(request.accept_encoding)) {
    response.headers["Content-Encoding"] = "gzip";
    response.body = file.gzip;
  } else {
    response.body = file.body;
  }
  return response;
}

}  // namespace

bool takes_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const std::string_view one = next_of(accept_encoding);
    const std::size_t semicolon = one.find(';');
    const std::string_view name = trimmed(one.substr(0, semicolon));
    if (name != "gzip" && name != "*") continue;
    return semicolon == std::string_view::npos || !refuses(one.substr(semicolon + 1));
  }
  return false;
}

bool names_tag(std::string_view if_none_match, std::string_view etag) {
  const auto strong = [](std::string_view tag) {
    return tag.starts_with("W/") ? tag.substr(2) : tag;
  };
  while (!if_none_match.empty()) {
    const std::string_view one = next_of(if_none_match);
    if (one == "*" || strong(one) == strong(etag)) return true;
  }
  return false;
}

WebFiles::WebFiles(std::string why_none) : why_none_(std::move(why_none)) {}

Result<WebFiles> WebFiles::read(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_regular_file(folder / kIndex, error)) {
    return Error{ErrorCode::kNotFound, folder.string() + " has no " + kIndex};
  }
  WebFiles out;
  for (auto at = fs::recursive_directory_iterator(folder, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const fs::path& path = at->path();
    if (!at->is_regular_file() || path.extension() == ".gz") continue;
    auto body = bytes_of(path);
    if (!body) return Error{ErrorCode::kUnavailable, path.string() + " cannot be read"};
    WebFile file{type_of(path), std::move(*body), bytes_of(path.string() + ".gz").value_or(""), ""};
    file.etag = "\"" + wire::sha256_hex(file.body).substr(0, kTagDigits) + "\"";
    out.files_.emplace(path.lexically_relative(folder).generic_string(), std::move(file));
  }
  if (error) return Error{ErrorCode::kUnavailable, folder.string() + ": " + error.message()};
  return out;
}

const WebFile* WebFiles::find(const std::string& name) const {
  const auto found = files_.find(name);
  return found == files_.end() ? nullptr : &found->second;
}

Response reply_page(const Request& request, const WebFiles& files) {
  const WebFile* const index = files.find(kIndex);
  if (index == nullptr) {
    Response response;
    response.status = 404;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "Pare runs, but there is no page to show: " + files.why_none() +
                    ".\nThe API answers under /v1, and the command line does all that the page "
                    "does: pare --help\n";
    return response;
  }
  Response response = reply_file_of_page(request, *index);
  response.headers["Cache-Control"] = "no-cache";  // it names the files of this version
  return response;
}

Response reply_asset(const Request& request, const WebFiles& files, const std::string& name) {
  const WebFile* const file = files.find("assets/" + name);
  if (file == nullptr) return problem(404, "there is no /assets/" + name.substr(0, 200));
  Response response = reply_file_of_page(request, *file);
  response.headers["Cache-Control"] = "public, max-age=31536000, immutable";
  return response;
}

}  // namespace pare::coordinator
