// The HTTP server: takes requests from the gate, bounds them, and hands them to the route table.
//
// What it promises: every failure is a problem document; nothing is read beyond the limits (a JSON
// body fits in memory, an upload is streamed); a request without a length or in chunks is refused;
// an exception in a handler is logged and answered by 500 without its text; who sends or takes
// slowly holds no thread, and whether it lives and can work is answered whatever the others do
// (gate.h).
//
// Without tokens it binds loopback addresses only.  With them a request is refused before its body
// is read, unless its token may what the route asks for, and what changes something, or was refused
// for who asked, is written down.  Requests that a web page could have been tricked into are
// refused either way (guard.h, and a body that is not JSON).
// start() and stop() belong to one thread.
#pragma once

#include <memory>
#include <string>

#include "coordinator/access/token_book.h"
#include "coordinator/http/gate.h"
#include "coordinator/http/routes.h"
#include "core/result.h"
#include "core/units.h"

namespace pare::coordinator {

class RequestMetrics;

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 7070;  // 0: the system chooses
  int threads = 32;
  Bytes max_json{1 << 20};
  Bytes max_upload{4LL << 30};
  GateOptions gate;             // its times and rates; host, port and threads are those above
  TokenBook* tokens = nullptr;  // asks for tokens, if not null; outlives the server
  RequestMetrics* requests = nullptr;  // counts them, if not null; outlives the server
};

class HttpServer {
 public:
  HttpServer(RouteTable routes, ServerOptions options);
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and answers from now on; returns the port.  Fails with kInvalidArgument if the address
  // is not this machine's loopback and no tokens are asked for, kUnavailable if the port is taken.
  Result<int> start();
  // Lets requests that are being answered end, and ends.  Idempotent.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "127.0.0.1:7070", "[::1]:7070", "localhost:0".
struct HostPort {
  std::string host;
  int port = 0;
};
Result<HostPort> parse_host_port(const std::string& text);

}  // namespace pare::coordinator
