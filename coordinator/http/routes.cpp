#include "coordinator/http/routes.h"

#include <optional>
#include <set>

namespace pare::coordinator {
namespace {

std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(1);  // the slash
  const std::string_view segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return segment;
}

std::optional<std::map<std::string, std::string>> match(std::string_view pattern,
                                                        std::string_view path) {
  std::map<std::string, std::string> captures;
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view expected = next_segment(pattern);
    const std::string_view seen = next_segment(path);
    if (expected.starts_with('{')) {
      if (seen.empty()) return std::nullopt;
      captures.emplace(expected.substr(1, expected.size() - 2), seen);
    } else if (expected != seen) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return captures;
}

}  // namespace

bool allows(Needs needs, Scopes scopes) noexcept {
  switch (needs) {
    case Needs::kNothing:
    case Needs::kAnyToken: return true;
    case Needs::kRead: return scopes.has(Scope::kRead);
    case Needs::kSubmit: return scopes.has(Scope::kSubmit);
    case Needs::kReadOrWorker: return scopes.has(Scope::kRead) || scopes.has(Scope::kWorker);
    case Needs::kSubmitOrWorker: return scopes.has(Scope::kSubmit) || scopes.has(Scope::kWorker);
    case Needs::kAdmin: return scopes.has(Scope::kAdmin);
  }
  return false;
}

std::string_view name_of(Needs needs) noexcept {
  switch (needs) {
    case Needs::kNothing: return "nothing";
    case Needs::kAnyToken: return "any token";
    case Needs::kRead: return "read";
    case Needs::kSubmit: return "submit";
    case Needs::kReadOrWorker: return "read or worker";
    case Needs::kSubmitOrWorker: return "submit or worker";
    case Needs::kAdmin: return "admin";
  }
  return "";
}

Routing RouteTable::find(std::string_view method, std::string_view path) const {
  std::set<std::string> allowed;
  for (const Route& route : routes_) {
    auto captures = match(route.pattern, path);
    if (!captures) continue;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) {
      return RouteMatch{&route, std::move(*captures)};
    }
    allowed.insert(route.method);
    if (route.method == "GET") allowed.insert("HEAD");
  }
  if (allowed.empty()) return NoSuchPath{};
  std::string list;
  for (const std::string& each : allowed) list += (list.empty() ? "" : ", ") + each;
  return NoSuchMethod{std::move(list)};
}

}  // namespace pare::coordinator
