// The dashboard as the build left it in a folder (web/): its files, read once and kept in memory.
//
// What is not in the folder when it is read is not served, whatever a path says.  Read-only after
// read(), so that every HTTP thread may look.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "coordinator/http/message.h"
#include "core/result.h"

namespace pare::coordinator {

struct WebFile {
  std::string content_type;
  std::string body;
  std::string gzip;  // the same, compressed; empty: nothing was gained
  std::string etag;
};

class WebFiles {
 public:
  // No page, and why, for whoever asks for it.
  explicit WebFiles(std::string why_none = "this service was started without its pages");

  // A folder with index.html and assets/; NAME.gz beside NAME is the same, compressed.  kNotFound:
  // it has no index.html; kUnavailable: a file cannot be read.
  static Result<WebFiles> read(const std::filesystem::path& folder);

  bool empty() const noexcept { return files_.empty(); }
  const std::string& why_none() const noexcept { return why_none_; }
  // By its path in the folder, "assets/page-1A2B.js"; nullptr: there is none.
  const WebFile* find(const std::string& name) const;

 private:
  std::map<std::string, WebFile> files_;
  std::string why_none_;
};

// The page, for any address of it; 404 with the reason, as text, where there is none.
Response reply_page(const Request& request, const WebFiles& files);
// A file whose name changes with what is in it, which browsers keep for good.
Response reply_asset(const Request& request, const WebFiles& files, const std::string& name);

// Whether an Accept-Encoding takes gzip.
bool takes_gzip(std::string_view accept_encoding);
// Whether an If-None-Match names the tag, weakly compared.
bool names_tag(std::string_view if_none_match, std::string_view etag);

}  // namespace pare::coordinator
