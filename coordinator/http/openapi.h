// The route table as an OpenAPI 3.1 document: what programs read in the place of docs/api.md.
//
// docs/openapi.json is its print; a test compares the two, and writes it where PARE_WRITE_OPENAPI
// is set.  Pure, some milliseconds.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>

#include "coordinator/http/routes.h"

namespace pare::coordinator {

// Whether a service asks for tokens; the print is of one that does.
enum class Access { kOpen, kTokens };

// REQUIRES: every capture of the routes is known in openapi.cpp.
nlohmann::ordered_json openapi_of(const RouteTable& table, Access access);

// The statuses of the problems that a route answers while the service itself is well.
// REQUIRES: the route describes itself.
std::set<int> refusals_of(const Route& route);

// GET /v1/openapi.json, of all that is in the table.
void add_openapi_route(RouteTable& table, Access access);

}  // namespace pare::coordinator
