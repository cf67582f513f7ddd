// The OpenAPI document: whole, the same as its print, and served.  After a change of the routes
// PARE_WRITE_OPENAPI=1 has this test write docs/openapi.json.  That what it says of answers is true
// is seen wherever a test calls a handler (service_fixture.h).
#include "coordinator/http/openapi.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "service_fixture.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;

using OpenApi = ServiceFixture;

bool is_for_programs(const Route& route) {
  static const std::set<std::string> kBeside = {"/healthz", "/livez", "/readyz", "/metrics"};
  return route.pattern.starts_with("/v1/") || kBeside.contains(route.pattern);
}

TEST_F(OpenApi, every_route_for_programs_describes_itself) {
  std::set<std::string> ids;
  for (const Route& route : routes_.routes()) {
    SCOPED_TRACE(route.method + " " + route.pattern);
    ASSERT_EQ(route.doc.has_value(), is_for_programs(route));
    if (!route.doc) continue;
    const RouteDoc& doc = *route.doc;
    EXPECT_TRUE(ids.insert(doc.id).second) << doc.id << " is another's";
    EXPECT_FALSE(doc.tag.empty());
    EXPECT_EQ(doc.takes.has_value(), route.body == Body::kJson);
    EXPECT_EQ(doc.gives.empty(), doc.file || !doc.text.empty());
    EXPECT_FALSE(refusals_of(route).empty()) << "its captures are known";
  }
}

void expect_resolved(const ordered_json& value, const ordered_json& root) {
  if (value.is_object() && value.contains("$ref")) {
    const auto at = ordered_json::json_pointer(value["$ref"].get<std::string>().substr(1));
    EXPECT_TRUE(root.contains(at)) << value;
  }
  for (const auto& each : value) {
    if (each.is_structured()) expect_resolved(each, root);
  }
}

TEST_F(OpenApi, whatever_it_refers_to_is_in_it) {
  const ordered_json document = openapi_of(routes_, Access::kTokens);
  expect_resolved(document, document);
  EXPECT_EQ(document["openapi"], "3.1.0");
}

TEST_F(OpenApi, its_print_is_the_one_that_is_committed) {
  const std::string print = openapi_of(routes_, Access::kTokens).dump(1) + "\n";
  if (std::getenv("PARE_WRITE_OPENAPI") != nullptr) std::ofstream("docs/openapi.json") << print;
  std::stringstream committed;
  committed << std::ifstream("docs/openapi.json").rdbuf();
  EXPECT_TRUE(committed.str() == print) << "write it: PARE_WRITE_OPENAPI=1 with this test";
}

TEST_F(OpenApi, it_is_served_as_it_is) {
  const Response response = call("GET", "/v1/openapi.json");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(ordered_json::parse(response.body), openapi_of(routes_, Access::kOpen));
}

TEST_F(OpenApi, what_a_route_needs_is_said_with_each_scope_that_will_do) {
  const ordered_json paths = openapi_of(routes_, Access::kTokens)["paths"];
  const auto security = [&](const char* path, const char* method) {
    return paths[path][method]["security"].dump();
  };
  EXPECT_EQ(openapi_of(routes_, Access::kOpen)["paths"]["/v1/tokens"]["post"]["security"].dump(),
            "[]");
  EXPECT_EQ(security("/healthz", "get"), "[]");
  EXPECT_EQ(security("/v1/whoami", "get"), R"([{"token":[]}])");
  EXPECT_EQ(security("/v1/tokens", "post"), R"([{"token":["admin"]}])");
  EXPECT_EQ(security("/v1/blobs/{sha256}", "get"),
            R"([{"token":["read"]},{"token":["worker"]},{"token":["admin"]}])");
}

}  // namespace
}  // namespace pare::coordinator
