// The routes of the service, as a table: what is asked, what it takes, who answers.
//
// The server dispatches on it; docs/api.md says the same for people, and what each route says of
// itself is told to programs (openapi.h).
// Built once, then read by every HTTP thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "coordinator/http/message.h"
#include "coordinator/http/route_doc.h"

namespace pare::coordinator {

enum class Body { kNone, kJson, kUpload };

// What a token must be allowed to, where tokens are asked for; administrators may all of it.
enum class Needs {
  kNothing,   // nobody is asked for a token
  kAnyToken,  // whatever it may
  kRead,
  kSubmit,
  kReadOrWorker,
  kSubmitOrWorker,
  kAdmin,
};
bool allows(Needs needs, Scopes scopes) noexcept;
std::string_view name_of(Needs needs) noexcept;  // "read or worker"

struct Route {
  std::string method;   // GET also answers HEAD
  std::string pattern;  // "/v1/jobs/{id}/trials": {x} takes one whole segment
  Body body = Body::kNone;
  Needs needs = Needs::kAdmin;
  std::string summary;  // one line, for people
  Handler handler;
  std::optional<RouteDoc> doc = {};  // nullopt: a page of the dashboard, which no program asks for
};

struct RouteMatch {
  const Route* route = nullptr;
  std::map<std::string, std::string> captures;
};
struct NoSuchPath {};
struct NoSuchMethod {
  std::string allowed;  // "GET, HEAD, PUT"
};
using Routing = std::variant<RouteMatch, NoSuchPath, NoSuchMethod>;

class RouteTable {
 public:
  void add(Route route) { routes_.push_back(std::move(route)); }
  const std::vector<Route>& routes() const noexcept { return routes_; }

  // Valid while the table is neither changed nor gone.
  Routing find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace pare::coordinator
