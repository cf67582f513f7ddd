#include "coordinator/http/guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

#include "coordinator/http/problem.h"

namespace pare::coordinator {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// "localhost:7070" without its port, "[::1]:7070" without the brackets, too; nullopt: it is none.
std::optional<std::string> name_in(std::string_view host) {
  std::string_view name = host;
  std::string_view rest;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    name = host.substr(1, end - 1);
    rest = host.substr(end + 1);
  } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    rest = host.substr(colon);
  }
  if (rest.empty()) return std::string(name);
  const std::string_view port = rest.substr(1);
  const bool digits = rest.front() == ':' && !port.empty() && port.size() <= 5 &&
                      std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::optional(std::string(name)) : std::nullopt;
}

bool only_reads(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

}  // namespace

bool is_loopback(const std::string& host) {
  in_addr four{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  if (::inet_pton(AF_INET6, host.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
  return lower(host) == "localhost";
}

std::optional<Response> refuse_stranger(const Provenance& request, Hosts hosts) {
  if (!request.host.empty() && hosts == Hosts::kLoopback) {
    const auto name = name_in(request.host);
    if (!name || !is_loopback(*name)) {
      return problem(403, "this service answers to localhost and 127.0.0.1 only", "Host",
                     request.host.substr(0, 200));
    }
  }
  if (only_reads(request.method)) return std::nullopt;
  const std::string origin = lower(request.origin);
  const std::string ours = lower(request.host);
  if (!origin.empty() && origin != "http://" + ours && origin != "https://" + ours) {
    return problem(403, "a page of another origin may not change anything here", "Origin",
                   request.origin.substr(0, 200));
  }
  const std::string site = lower(request.fetch_site);
  if (!site.empty() && site != "same-origin" && site != "none") {
    return problem(403, "a page of another site may not change anything here", "Sec-Fetch-Site",
                   request.fetch_site.substr(0, 200));
  }
  return std::nullopt;
}

}  // namespace pare::coordinator
