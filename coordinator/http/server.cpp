#include "coordinator/http/server.h"

#include <httplib.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "coordinator/http/guard.h"
#include "coordinator/http/problem.h"

namespace pare::coordinator {
namespace {

// A body that is refused is still read this far, so that the sender gets to see why.
constexpr std::int64_t kDrain = 64LL << 20;
constexpr const char* kClose = "Connection";

// Text that may go into the database and into messages: UTF-8 without control characters.
bool is_clean(const std::string& text) {
  const bool printable = std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!printable) return false;
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

std::optional<std::int64_t> content_length(const httplib::Request& request) {
  const std::string text = request.get_header_value("Content-Length");
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

bool has_body(const httplib::Request& request) {
  return request.has_header("Transfer-Encoding") ||
         (request.has_header("Content-Length") && content_length(request) != 0);
}

std::optional<Response> refuse_sender(const httplib::Request& request) {
  if (request.get_header_value_count("Host") > 1) {
    return problem(400, "the request has several Host headers", "Host");
  }
  return refuse_stranger({request.method, request.get_header_value("Host"),
                          request.get_header_value("Origin"),
                          request.get_header_value("Sec-Fetch-Site")});
}

// What is wrong with the body's description, before a byte of it is read.
std::optional<Response> refuse_body(const httplib::Request& request, const Route& route,
                                    const ServerOptions& options) {
  if (request.has_header("Transfer-Encoding")) {
    return problem(411, "send a Content-Length instead of a Transfer-Encoding", "Transfer-Encoding",
                   request.get_header_value("Transfer-Encoding"));
  }
  if (!request.has_header("Content-Length")) {
    if (route.body == Body::kNone) return std::nullopt;
    return problem(411, "the request has no Content-Length", "Content-Length");
  }
  const auto length = content_length(request);
  const std::string text = request.get_header_value("Content-Length");
  if (!length || request.get_header_value_count("Content-Length") > 1) {
    return problem(400, "Content-Length must be one whole number", "Content-Length", text);
  }
  if (request.has_header("Content-Encoding")) {
    return problem(415, "send the body without a Content-Encoding", "Content-Encoding",
                   request.get_header_value("Content-Encoding"));
  }
  const std::string type = request.get_header_value("Content-Type");
  if (route.body != Body::kUpload && *length > 0 && !type.starts_with("application/json")) {
    return problem(415, "the body must be JSON: Content-Type: application/json", "Content-Type",
                   type);
  }
  if (route.body == Body::kUpload && !type.empty() && type != "application/octet-stream") {
    return problem(415, "an upload is Content-Type: application/octet-stream", "Content-Type",
                   type);
  }
  const Bytes limit = route.body == Body::kUpload ? options.max_upload : options.max_json;
  if (Bytes{*length} > limit) {
    return problem(413,
                   "the body has " + text + " bytes, the limit is " + std::to_string(limit.count),
                   "Content-Length", text);
  }
  return std::nullopt;
}

Response not_found(const httplib::Request& request) {
  return problem(404, "there is no " + request.path.substr(0, 200));
}

Response not_allowed(const httplib::Request& request, const NoSuchMethod& methods) {
  Response response = problem(
      405, request.path.substr(0, 200) + " takes " + methods.allowed + ", not " + request.method);
  response.headers["Allow"] = methods.allowed;
  return response;
}

bool send_file(const FileBody& file, std::size_t position, std::size_t length,
               httplib::DataSink& sink) {
  std::array<char, 1 << 16> block{};
  const auto n = ::pread(*file.descriptor, block.data(), std::min(length, block.size()),
                         static_cast<off_t>(file.offset) + static_cast<off_t>(position));
  return n > 0 && sink.write(block.data(), static_cast<std::size_t>(n));
}

void fill(httplib::Response& out, const Response& response) {
  out.status = response.status;
  for (const auto& [name, value] : response.headers) out.set_header(name, value);
  if (response.file && response.file->length.count > 0) {
    out.set_content_provider(
        static_cast<std::size_t>(response.file->length.count), response.content_type,
        [file = *response.file](std::size_t at, std::size_t length, httplib::DataSink& sink) {
          return send_file(file, at, length, sink);
        });
  } else {
    out.set_content(response.body, response.content_type);
  }
}

// Sends the response and closes the connection: bytes of the request are still unread, and would
// be taken for the next one.  A provider that reports failure after its last byte does it.
void fill_and_close(httplib::Response& out, const Response& response) {
  out.status = response.status;
  for (const auto& [name, value] : response.headers) out.set_header(name, value);
  out.set_header(kClose, "close");
  out.set_content_provider(
      response.body.size(), response.content_type,
      [body = response.body](std::size_t, std::size_t, httplib::DataSink& sink) {
        sink.write(body.data(), body.size());
        return false;
      });
}

}  // namespace

struct HttpServer::Impl {
  RouteTable routes;
  ServerOptions options;
  httplib::Server server;
  std::thread thread;
  std::atomic<bool> stopping = false;

  Impl(RouteTable table, ServerOptions given)
      : routes(std::move(table)), options(std::move(given)) {
    server.new_task_queue = [n = static_cast<std::size_t>(options.threads)] {
      return new httplib::ThreadPool(n);  // the library takes ownership
    };
    // Not the library's default, SO_REUSEPORT: two services would share the port in silence.
    server.set_socket_options([](int socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    server.set_tcp_nodelay(true);
    server.set_keep_alive_max_count(1000);
    server.set_keep_alive_timeout(2);
    server.set_read_timeout(options.read_timeout);
    server.set_write_timeout(options.write_timeout);
    server.set_default_headers({{"X-Content-Type-Options", "nosniff"}});
    bind_handlers();
  }

  void bind_handlers() {
    using httplib::Server;
    server.set_pre_routing_handler([this](const httplib::Request& in, httplib::Response& out) {
      // Ranges are the handlers' business; the library would cut error documents to them.
      const_cast<httplib::Request&>(in).ranges.clear();
      return before_body(in, out) ? Server::HandlerResponse::Handled
                                  : Server::HandlerResponse::Unhandled;
    });
    server.set_expect_100_continue_handler(
        [this](const httplib::Request& in, httplib::Response& out) {
          const auto refused = refusal(in);
          if (!refused) return 100;
          fill_and_close(out, *refused);
          return out.status;
        });
    const auto with_body = [this](const httplib::Request& in, httplib::Response& out,
                                  const httplib::ContentReader& reader) {
      answer_with_body(in, out, reader);
    };
    server.Post(".*", with_body);
    server.Put(".*", with_body);
    // What the library refuses on its own: an address or a header that it cannot read.
    server.set_error_handler(
        Server::HandlerWithResponse([](const httplib::Request& in, httplib::Response& out) {
          const_cast<httplib::Request&>(in).ranges.clear();
          if (out.body.empty() && !out.content_provider_) {
            fill(out, problem(out.status, "the request cannot be read"));
          }
          return Server::HandlerResponse::Handled;
        }));
    server.set_exception_handler(
        [](const httplib::Request& in, httplib::Response& out, std::exception_ptr exception) {
          fill_and_close(out, failed(in, exception));  // some of the body may be unread
        });
    server.set_post_routing_handler([](const httplib::Request&, httplib::Response& out) {
      if (out.get_header_value(kClose) != "close") return;
      out.headers.erase("Keep-Alive");
      out.headers.erase(kClose);  // there may be two
      out.set_header(kClose, "close");
    });
    server.set_logger([](const httplib::Request& in, const httplib::Response& out) {
      spdlog::debug("{} {} {}", in.method, in.path, out.status);
    });
  }

  static Response failed(const httplib::Request& in, const std::exception_ptr& exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception& error) {
      spdlog::error("{} {} failed: {}", in.method, in.path, error.what());
    } catch (...) {
      spdlog::error("{} {} failed", in.method, in.path);
    }
    return problem(500, "the service failed on this request; its log says why");
  }

  // Everything that can be said against a request before its body is read.
  std::optional<Response> refusal(const httplib::Request& in) const {
    if (auto refused = refuse_sender(in)) return refused;
    if (!is_clean(in.path)) return problem(400, "the path is not clean UTF-8");
    for (const auto& [name, value] : in.params) {
      if (!is_clean(name) || !is_clean(value)) {
        return problem(400, "the query is not clean UTF-8");
      }
    }
    const Routing routing = routes.find(in.method, in.path);
    if (std::holds_alternative<NoSuchPath>(routing)) return not_found(in);
    if (const auto* methods = std::get_if<NoSuchMethod>(&routing)) return not_allowed(in, *methods);
    const Route& route = *std::get<RouteMatch>(routing).route;
    if (route.method == "GET" && has_body(in)) return problem(400, "a GET has no body");
    return refuse_body(in, route, options);
  }

  Request translate(const httplib::Request& in, RouteMatch match) const {
    Request request;
    request.method = in.method;
    request.path = in.path;
    request.captures = std::move(match.captures);
    request.query = {in.params.begin(), in.params.end()};
    request.size = Bytes{content_length(in).value_or(0)};
    request.idempotency_key = in.get_header_value("Idempotency-Key");
    request.range = in.get_header_value("Range");
    return request;
  }

  // Returns whether the request was answered; it was not if its body must be read first.
  bool before_body(const httplib::Request& in, httplib::Response& out) const {
    if (const auto refused = refusal(in)) {
      // A sender in the middle of a body that is not too large to read is heard out first.
      const bool drain = (in.method == "POST" || in.method == "PUT") &&
                         !in.has_header("Transfer-Encoding") &&
                         content_length(in).value_or(kDrain + 1) <= kDrain;
      if (has_body(in) && drain && !in.has_header("Expect")) return false;
      has_body(in) ? fill_and_close(out, *refused) : fill(out, *refused);
      return true;
    }
    if (has_body(in)) return false;
    auto match = std::get<RouteMatch>(routes.find(in.method, in.path));
    const Route& route = *match.route;
    Request request = translate(in, std::move(match));
    request.stream = [](const auto&) { return true; };
    fill(out, route.handler(request));
    return true;
  }

  void answer_with_body(const httplib::Request& in, httplib::Response& out,
                        const httplib::ContentReader& reader) const {
    std::int64_t unread = content_length(in).value_or(0);
    bool started = false;
    // The library can read a body once, so what a handler does not want is passed over here.
    const auto read = [&](const std::function<bool(std::string_view)>& sink) {
      started = true;
      bool wanted = true;
      reader([&](const char* data, std::size_t size) {
        unread -= static_cast<std::int64_t>(size);
        wanted = wanted && sink({data, size});
        return !stopping && (wanted || unread <= kDrain);
      });
      return wanted && unread == 0;
    };
    const auto refused = refusal(in);
    const Response response = refused ? *refused : answer(in, read);
    // The library would take a form apart, and has no reader for its parts here.
    if (!started && !in.is_multipart_form_data()) read([](std::string_view) { return false; });
    unread > 0 ? fill_and_close(out, response) : fill(out, response);
  }

  Response answer(const httplib::Request& in, const BodyStream& read) const {
    auto match = std::get<RouteMatch>(routes.find(in.method, in.path));
    const Route& route = *match.route;
    Request request = translate(in, std::move(match));
    if (route.body == Body::kUpload) {
      request.stream = read;
    } else {
      const bool whole = read([&](std::string_view bytes) {
        request.body += bytes;
        return true;
      });
      if (!whole) {
        return problem(400, "the body ended after " + std::to_string(request.body.size()) + " of " +
                                std::to_string(request.size.count) + " bytes");
      }
    }
    return route.handler(request);
  }
};

HttpServer::HttpServer(RouteTable routes, ServerOptions options)
    : impl_(std::make_unique<Impl>(std::move(routes), std::move(options))) {}

HttpServer::~HttpServer() {
  stop();
}

Result<int> HttpServer::start() {
  const ServerOptions& options = impl_->options;
  if (!is_loopback(options.host)) {
    return Error{ErrorCode::kInvalidArgument,
                 "there are no tokens yet, so the service listens on loopback only "
                 "(127.0.0.1, ::1, localhost), not on '" +
                     options.host + "'"};
  }
  int port = options.port;
  const bool bound = port == 0 ? (port = impl_->server.bind_to_any_port(options.host)) > 0
                               : impl_->server.bind_to_port(options.host, port);
  if (!bound) {
    return Error{ErrorCode::kUnavailable, "cannot listen on " + options.host + ":" +
                                              std::to_string(options.port) +
                                              ": the port is taken or not allowed"};
  }
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  while (!impl_->server.is_running()) std::this_thread::yield();
  return port;
}

void HttpServer::stop() {
  impl_->stopping = true;
  impl_->server.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<HostPort> parse_host_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  HostPort out;
  if (colon != std::string::npos) {
    out.host = text.substr(0, colon);
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, out.port);
    if (out.host.starts_with('[') && out.host.ends_with(']')) {
      out.host = out.host.substr(1, out.host.size() - 2);
    }
    const bool good = parsed.ec == std::errc() && parsed.ptr == end && out.port >= 0 &&
                      out.port <= 65535 && !out.host.empty();
    if (good) return out;
  }
  return Error{ErrorCode::kInvalidArgument,
               "an address is HOST:PORT, such as 127.0.0.1:7070, not '" + text + "'"};
}

}  // namespace pare::coordinator
