// What a route says of itself: the part of it that the OpenAPI document is made from (openapi.h).
//
// What follows from the rest of the route is not said again: its captures, the scope that it needs,
// and how it refuses who may not ask, or a body of the wrong kind.  Values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wire/schema.h"

namespace pare::coordinator {

namespace schema = wire::schema;

struct QueryParameter {
  std::string name;
  wire::Schema value;
  std::string text;  // one line, for people
};

struct RouteDoc {
  std::string id;   // "listTrials": no other route has it
  std::string tag;  // the group that it stands in
  std::vector<QueryParameter> query = {};
  std::optional<wire::Schema> takes = {};  // the body, of a route that takes JSON
  std::map<int, wire::Schema> gives = {};  // the documents that it answers, by status
  bool file = false;                       // it answers bytes instead, whole or a range of them
  std::string text = {};                   // it answers text of this media type instead
  bool keyed = false;                      // it takes an Idempotency-Key
  std::vector<int> refuses = {};           // statuses of problems that do not follow from the rest
};

// ?cursor=&limit= of a list, and its answer: {"items", "next"?} (replies.h).
std::vector<QueryParameter> page_query();
wire::Schema page_of_schema(const std::string& name, const wire::Schema& item);
// {"items"}, all at once.
wire::Schema items_schema(const std::string& name, const wire::Schema& item);

}  // namespace pare::coordinator
