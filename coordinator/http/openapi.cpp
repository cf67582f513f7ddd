#include "coordinator/http/openapi.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "core/check.h"
#include "core/version.h"

namespace pare::coordinator {
namespace {

using nlohmann::ordered_json;
using wire::Schema;

constexpr std::string_view kRange = "^bytes=([0-9]+-[0-9]*|-[0-9]+)$";

// What may stand in a path.
struct Capture {
  std::string_view name;
  Schema value;
  std::string_view text;
  bool shortened = false;  // a SHA-256 that may be cut short, and then mean several
};

const Capture& capture_called(std::string_view name) {
  static const Schema number = schema::whole(1, INT64_MAX);
  static const Schema digits = schema::text_like("^[0-9a-f]{8,64}$");
  static const Schema text = schema::text_like("^[A-Za-z0-9_+][A-Za-z0-9._+-]*$");
  static const std::vector<Capture> captures = {
      {"job", number, "The job's number"},
      {"task", number, "The task's number"},
      {"trial", schema::small(1), "The trial's number in its job"},
      {"comparison", number, "The comparison's number"},
      {"sha256", schema::sha256(), "The SHA-256 of the bytes"},
      {"model", text, "A SHA-256, at least 8 digits of it, or a name", true},
      {"dataset", text, "A SHA-256, at least 8 digits of it, or a name", true},
      {"plan", digits, "A SHA-256, or at least 8 digits of it", true},
      {"candidate", digits, "A SHA-256, or at least 8 digits of it", true},
      {"supernet", digits, "A SHA-256, or at least 8 digits of it", true},
      {"target", text, "The target's name"},
      {"token", text, "The token's name"},
  };
  const auto at = std::ranges::find(captures, name, &Capture::name);
  PARE_CHECK(at != captures.end(), "a path has a capture that nobody describes");
  return *at;
}

std::vector<std::string> captures_in(std::string_view pattern) {
  std::vector<std::string> names;
  for (std::size_t at = pattern.find('{'); at != std::string_view::npos;
       at = pattern.find('{', at + 1)) {
    names.emplace_back(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
  }
  return names;
}

ordered_json in_header(std::string_view name, std::string_view text, const Schema& value) {
  return {{"name", name}, {"in", "header"}, {"description", text}, {"schema", value.json()}};
}

ordered_json parameters_of(const Route& route, const RouteDoc& doc) {
  ordered_json out = ordered_json::array();
  for (const std::string& name : captures_in(route.pattern)) {
    const Capture& capture = capture_called(name);
    out.push_back({{"name", name},
                   {"in", "path"},
                   {"description", capture.text},
                   {"required", true},
                   {"schema", capture.value.json()}});
  }
  for (const QueryParameter& parameter : doc.query) {
    out.push_back({{"name", parameter.name},
                   {"in", "query"},
                   {"description", parameter.text},
                   {"schema", parameter.value.json()}});
  }
  if (doc.keyed) {
    out.push_back(in_header("Idempotency-Key", "The same again finds what the first one made",
                            schema::text(1, kLongestKey)));
  }
  if (doc.file) out.push_back(in_header("Range", "One range of bytes", schema::text_like(kRange)));
  return out;
}

ordered_json content(std::string_view type, const ordered_json& value) {
  return {{type, {{"schema", value}}}};
}

ordered_json body_of(const Route& route, const RouteDoc& doc) {
  if (route.body == Body::kUpload) {
    return {{"required", true}, {"content", content("application/octet-stream", true)}};
  }
  return {{"required", true}, {"content", content("application/json", doc.takes->json())}};
}

std::string_view meaning_of(int status) {
  switch (status) {
    case 200: return "What was asked for";
    case 201: return "It was made";
    case 202: return "It was taken, and is looked at";
    case 503: return "The same, of a service that cannot work";
    default: return "";
  }
}

ordered_json responses_of(const Route& route, const RouteDoc& doc) {
  ordered_json out = ordered_json::object();
  for (const auto& [status, value] : doc.gives) {
    out[std::to_string(status)] = {{"description", meaning_of(status)},
                                   {"content", content("application/json", value.json())}};
  }
  if (doc.file) {
    for (const auto& [status, text] : {std::pair(200, "The bytes"), std::pair(206, "A range")}) {
      out[std::to_string(status)] = {{"description", text},
                                     {"content", content("application/octet-stream", true)}};
    }
  }
  if (!doc.text.empty()) {
    out["200"] = {{"description", meaning_of(200)},
                  {"content", content(doc.text, schema::text().json())}};
  }
  if (route.method == "GET" && out.contains("200") && !doc.file) {
    out["304"] = {{"description", "It is the one that If-None-Match names"}};
  }
  for (const int status : refusals_of(route)) {
    if (doc.gives.contains(status)) continue;
    out[std::to_string(status)] = {
        {"$ref", "#/components/responses/" + std::string(problem_kind(status).type)}};
  }
  out["default"] = {{"$ref", "#/components/responses/internal"}};
  return out;
}

ordered_json security_of(Needs needs, Access access) {
  if (access == Access::kOpen) return ordered_json::array();
  if (needs == Needs::kNothing) return ordered_json::array();
  if (needs == Needs::kAnyToken) return ordered_json::array({{{"token", ordered_json::array()}}});
  ordered_json out = ordered_json::array();
  for (const auto& [scope, name] : kScopeNames) {
    Scopes alone;
    alone.add(scope);
    if (allows(needs, alone)) out.push_back({{"token", {name}}});
  }
  return out;
}

ordered_json operation_of(const Route& route, const RouteDoc& doc, Access access) {
  ordered_json out = {{"operationId", doc.id}, {"tags", {doc.tag}}, {"summary", route.summary}};
  ordered_json parameters = parameters_of(route, doc);
  if (!parameters.empty()) out["parameters"] = std::move(parameters);
  if (route.body != Body::kNone) out["requestBody"] = body_of(route, doc);
  out["responses"] = responses_of(route, doc);
  out["security"] = security_of(route.needs, access);
  return out;
}

ordered_json problem_responses(const Schema& document) {
  ordered_json out = ordered_json::object();
  for (const ProblemKind& kind : problem_kinds()) {
    out[std::string(kind.type)] = {
        {"description", kind.title},
        {"content", content("application/problem+json", document.json())}};
  }
  return out;
}

std::string key_of(std::string method) {
  std::ranges::transform(method, method.begin(), [](unsigned char c) { return std::tolower(c); });
  return method;
}

}  // namespace

std::set<int> refusals_of(const Route& route) {
  const RouteDoc& doc = route.doc.value();
  std::set<int> out = {400, 403, 503};  // unclean, of a stranger, without its database
  out.insert(doc.refuses.begin(), doc.refuses.end());
  if (route.needs != Needs::kNothing) out.insert({401, 429});
  if (route.body != Body::kNone) out.insert({411, 413, 415});
  if (doc.keyed) out.insert(409);
  if (doc.file) out.insert(416);
  for (const std::string& name : captures_in(route.pattern)) {
    out.insert(404);
    if (capture_called(name).shortened) out.insert(409);
  }
  return out;
}

ordered_json openapi_of(const RouteTable& table, Access access) {
  const Schema failed = problem_schema();
  Schema::Parts parts = failed.parts();
  ordered_json paths = ordered_json::object();
  for (const Route& route : table.routes()) {
    if (!route.doc) continue;  // a page of the dashboard
    paths[route.pattern][key_of(route.method)] = operation_of(route, *route.doc, access);
    if (route.doc->takes)
      parts.insert(route.doc->takes->parts().begin(), route.doc->takes->parts().end());
    for (const auto& [status, value] : route.doc->gives) {
      parts.insert(value.parts().begin(), value.parts().end());
    }
  }
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Pare"},
            {"version", kVersion},
            {"description",
             "What docs/api.md says to people, for programs.  Where the service asks for "
             "tokens, an operation needs one of the scopes beside it, or admin."}}},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", parts},
            {"responses", problem_responses(failed)},
            {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

void add_openapi_route(RouteTable& table, Access access) {
  const auto text = std::make_shared<std::string>();  // owners: the handler
  table.add(
      {"GET", "/v1/openapi.json", Body::kNone, Needs::kNothing,
       "What all of these routes take and give, as OpenAPI 3.1",
       [text](const Request&) {
         Response response;
         response.body = *text;
         return response;
       },
       RouteDoc{.id = "getOpenApi", .tag = "service", .gives = {{200, schema::open_object({})}}}});
  *text = openapi_of(table, access).dump();
}

}  // namespace pare::coordinator
