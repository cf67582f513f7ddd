#include "coordinator/http/server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "coordinator/http/gate.h"
#include "coordinator/http/guard.h"
#include "coordinator/http/nesting.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/request_metrics.h"
#include "coordinator/http/web_files.h"

namespace pare::coordinator {
namespace {

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

// What is wrong with the body's description, before a byte of it is read.
std::optional<Response> refuse_body(const RequestHead& request, const Route& route,
                                    const ServerOptions& options) {
  if (request.count("transfer-encoding") > 0) {
    return problem(411, "send a Content-Length instead of a Transfer-Encoding", "Transfer-Encoding",
                   request.header("transfer-encoding"));
  }
  if (request.count("content-length") == 0) {
    if (route.body == Body::kNone) return std::nullopt;
    return problem(411, "the request has no Content-Length", "Content-Length");
  }
  const auto length = request.content_length();
  const std::string& text = request.header("content-length");
  if (!length) {
    return problem(400, "Content-Length must be one whole number", "Content-Length", text);
  }
  if (request.count("content-encoding") > 0) {
    return problem(415, "send the body without a Content-Encoding", "Content-Encoding",
                   request.header("content-encoding"));
  }
  const std::string& type = request.header("content-type");
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

Response not_found(const RequestHead& request) {
  return problem(404, "there is no " + request.path.substr(0, 200));
}

Response not_allowed(const RequestHead& request, const NoSuchMethod& methods) {
  Response response = problem(405, request.path.substr(0, 200) + " takes " + methods.allowed +
                                       ", not " + request.method.substr(0, 50));
  response.headers["Allow"] = methods.allowed;
  return response;
}

Response refused(const Refusal& refusal) {
  Response response = problem(refusal.status, refusal.reason);
  if (refusal.status == 401) response.headers["WWW-Authenticate"] = "Bearer";
  if (refusal.status == 429) response.headers["Retry-After"] = "1";
  return response;
}

// Whoever has a document already is told that it is the same.  It is made all the same: this spares
// the way, and those who ask again and again what they would do with it.
Response unless_known(const Request& request, Response response) {
  const bool document = response.status == 200 && response.content_type == "application/json" &&
                        (request.method == "GET" || request.method == "HEAD");
  if (!document || response.headers.contains("ETag")) return response;
  const auto hash = static_cast<unsigned long long>(std::hash<std::string>()(response.body));
  char tag[24];
  std::snprintf(tag, sizeof tag, "W/\"%016llx\"", hash);
  response.headers["ETag"] = tag;
  response.headers["Cache-Control"] = "no-cache";
  if (!names_tag(request.if_none_match, tag)) return response;
  response.status = 304;
  response.body.clear();
  return response;
}

bool is_vital(const std::string& path) {
  return path == "/healthz" || path == "/readyz" || path == "/livez";
}

}  // namespace

struct HttpServer::Impl {
  RouteTable routes;
  ServerOptions options;
  Gate gate;

  Impl(RouteTable table, ServerOptions given)
      : routes(std::move(table)), options(std::move(given)), gate(gate_options(), callbacks()) {}

  GateOptions gate_options() const {
    GateOptions out = options.gate;
    out.host = options.host;
    out.port = options.port;
    out.answer_threads = options.threads;
    out.upload_threads = std::max(4, options.threads / 2);
    return out;
  }

  GateCallbacks callbacks() {
    return {[this](const RequestHead& in) {
              auto refused = refusal(in);
              if (refused && options.requests != nullptr)
                options.requests->refused(refused->status);
              return refused;
            },
            [this](const RequestHead& in) { return lane_of(in); },
            [this](Arrival& arrival) { return answer(arrival); }};
  }

  // Everything that can be said against a request before its body is read.
  std::optional<Response> refusal(const RequestHead& in) const {
    auto stranger = refuse_stranger(
        {in.method, in.header("host"), in.header("origin"), in.header("sec-fetch-site")},
        options.tokens == nullptr ? Hosts::kLoopback : Hosts::kAny);
    if (stranger) return stranger;
    if (!is_clean(in.path)) return problem(400, "the path is not clean UTF-8");
    for (const auto& [name, value] : in.query) {
      if (!is_clean(name) || !is_clean(value)) {
        return problem(400, "the query is not clean UTF-8");
      }
    }
    const Routing routing = routes.find(in.method, in.path);
    if (std::holds_alternative<NoSuchPath>(routing)) return not_found(in);
    if (const auto* methods = std::get_if<NoSuchMethod>(&routing)) return not_allowed(in, *methods);
    const Route& route = *std::get<RouteMatch>(routing).route;
    if (auto refused = refuse_asker(in, route)) return refused;
    if (route.method == "GET" && in.has_body()) return problem(400, "a GET has no body");
    return refuse_body(in, route, options);
  }

  // Whoever asks without being allowed to, or too often.
  std::optional<Response> refuse_asker(const RequestHead& in, const Route& route) const {
    if (options.tokens == nullptr || route.needs == Needs::kNothing) return std::nullopt;
    const Admission admission = options.tokens->admit(in.header("authorization"));
    if (const auto* refusal = std::get_if<Refusal>(&admission)) {
      options.tokens->note(nullptr, in.method, in.path, refusal->status);
      return refused(*refusal);
    }
    const auto& principal = std::get<Principal>(admission);
    if (allows(route.needs, principal.scopes)) return std::nullopt;
    options.tokens->note(&principal, in.method, in.path, 403);
    return problem(
        403, "the token may not do this; it needs the scope " + std::string(name_of(route.needs)));
  }

  // REQUIRES: the request is not refused.
  Lane lane_of(const RequestHead& in) const {
    if (is_vital(in.path)) return Lane::kVital;
    const auto match = std::get<RouteMatch>(routes.find(in.method, in.path));
    return match.route->body == Body::kUpload && in.has_body() ? Lane::kUpload : Lane::kAnswer;
  }

  Response answer(Arrival& arrival) const {
    const RequestHead& in = arrival.head;
    const std::optional<Principal> asked = who_asks(in);  // its token may end with this request
    const auto begun = std::chrono::steady_clock::now();
    Response response;
    try {
      response = handle(arrival);
    } catch (const std::exception& error) {
      spdlog::error("{} {} failed: {}", in.method, in.path, error.what());
      response = problem(500, "the service failed on this request; its log says why");
    } catch (...) {
      spdlog::error("{} {} failed", in.method, in.path);
      response = problem(500, "the service failed on this request; its log says why");
    }
    spdlog::debug("{} {} {}", in.method, in.path, response.status);
    write_down(in, asked, response);
    count(in, response, std::chrono::steady_clock::now() - begun);
    return response;
  }

  void count(const RequestHead& in, const Response& response, RequestMetrics::Seconds took) const {
    if (options.requests == nullptr) return;
    const Routing routing = routes.find(in.method, in.path);
    const auto* match = std::get_if<RouteMatch>(&routing);
    if (match == nullptr) return;
    options.requests->answered(match->route->method, match->route->pattern, response.status, took);
  }

  std::optional<Principal> who_asks(const RequestHead& in) const {
    if (options.tokens == nullptr) return std::nullopt;
    const Admission admission = options.tokens->who(in.header("authorization"));
    const auto* principal = std::get_if<Principal>(&admission);
    return principal == nullptr ? std::nullopt : std::optional(*principal);
  }

  // What changed something; not the bytes of blobs, which are named by what is.
  void write_down(const RequestHead& in, const std::optional<Principal>& asked,
                  const Response& response) const {
    if (options.tokens == nullptr || in.method == "GET" || in.method == "HEAD") return;
    if (in.path.starts_with("/v1/blobs/")) return;
    const Routing routing = routes.find(in.method, in.path);
    const auto* match = std::get_if<RouteMatch>(&routing);
    if (match == nullptr || match->route->needs == Needs::kRead) return;
    options.tokens->note(asked ? &*asked : nullptr, in.method, in.path, response.status);
  }

  Response handle(Arrival& arrival) const {
    const RequestHead& in = arrival.head;
    auto match = std::get<RouteMatch>(routes.find(in.method, in.path));
    Request request;
    request.method = in.method;
    request.path = in.path;
    request.captures = std::move(match.captures);
    request.query = {in.query.begin(), in.query.end()};
    request.size = Bytes{in.content_length().value_or(0)};
    request.idempotency_key = in.header("idempotency-key");
    request.range = in.header("range");
    request.accept_encoding = in.header("accept-encoding");
    request.if_none_match = in.header("if-none-match");
    if (options.tokens != nullptr && match.route->needs != Needs::kNothing) {
      const Admission admission = options.tokens->who(in.header("authorization"));
      // It may have been revoked while its body came.
      if (const auto* refusal = std::get_if<Refusal>(&admission)) return refused(*refusal);
      request.principal = std::get<Principal>(admission);
    }
    if (arrival.rest) {
      request.stream = arrival.rest;
    } else {
      request.stream = [](const auto&) { return true; };
      request.body = std::move(arrival.body);
      if (values_in(request.body) > kMostValues) {
        return problem(413, "the body holds more than " + std::to_string(kMostValues) + " values");
      }
    }
    return unless_known(request, match.route->handler(request));
  }
};

HttpServer::HttpServer(RouteTable routes, ServerOptions options)
    : impl_(std::make_unique<Impl>(std::move(routes), std::move(options))) {}

HttpServer::~HttpServer() {
  stop();
}

Result<int> HttpServer::start() {
  const ServerOptions& options = impl_->options;
  if (options.tokens == nullptr && !is_loopback(options.host)) {
    return Error{ErrorCode::kInvalidArgument,
                 "without tokens (--access tokens) the service listens on loopback only "
                 "(127.0.0.1, ::1, localhost), not on '" +
                     options.host + "'"};
  }
  return impl_->gate.start();
}

void HttpServer::stop() {
  impl_->gate.stop();
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
