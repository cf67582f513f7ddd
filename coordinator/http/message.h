// A request and a response as handlers see them: no socket, no HTTP library.
//
// Values; a handler is tested by calling it with one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "coordinator/access/principal.h"
#include "core/units.h"

namespace pare::coordinator {

// Hands the body of an upload over in pieces; false from the sink stops it.  Returns whether every
// byte announced was handed over.
using BodyStream = std::function<bool(const std::function<bool(std::string_view)>& sink)>;

struct Request {
  std::string method;
  std::string path;
  std::map<std::string, std::string> captures;  // {name} in the route's pattern
  std::map<std::string, std::string> query;
  std::string body;   // of a JSON route
  BodyStream stream;  // of an upload route, with `size` bytes
  Bytes size;
  std::string idempotency_key;  // empty: none
  std::string range;            // the Range header, empty: none
  std::string accept_encoding;  // headers, empty: none
  std::string if_none_match;
  Principal principal = anybody_here();

  // REQUIRES: the route's pattern has {name}.
  const std::string& captured(const std::string& name) const { return captures.at(name); }
};

// A part of a file, sent from the disk.  The descriptor keeps a file readable that is replaced.
struct FileBody {
  std::shared_ptr<const int> descriptor;  // owners: the response, and the thread that sends it
  std::int64_t offset = 0;
  Bytes length;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::optional<FileBody> file;  // instead of `body`
  std::map<std::string, std::string> headers;
};

using Handler = std::function<Response(const Request&)>;

}  // namespace pare::coordinator
