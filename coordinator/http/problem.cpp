#include "coordinator/http/problem.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "coordinator/http/nesting.h"

namespace pare::coordinator {
namespace {

constexpr const char* kPrefix = "urn:pare:problem:";

constexpr ProblemKind kKinds[] = {
    {400, "invalid_argument", "The request is not valid"},
    {401, "unauthenticated", "The service does not know who asks"},
    {403, "forbidden", "This is not allowed"},
    {404, "not_found", "There is no such thing"},
    {405, "method_not_allowed", "The resource has no such method"},
    {409, "conflict", "The request conflicts with what is stored"},
    {411, "length_required", "The request must say its length"},
    {413, "too_large", "The request is too large"},
    {414, "uri_too_long", "The address is too long"},
    {415, "unsupported_media_type", "The service does not take this kind of body"},
    {416, "range_not_satisfiable", "The range lies outside"},
    {422, "unsupported", "The request is understood and cannot be met"},
    {429, "too_many_requests", "This asks too often"},
    {500, "internal", "The service failed"},
    {503, "unavailable", "Something the service needs is away"},
    {504, "deadline_exceeded", "It took too long"},
    {507, "resource_exhausted", "The service has no room left"},
};

constexpr std::size_t kLongestValue = 1000;

// Values come as JSON where a decoder made them, and as plain text elsewhere.  What is long, or
// nested more deeply than a value that a decoder shows, is shown as text, and not whole.
nlohmann::json as_json(const std::string& value) {
  if (value.size() > kLongestValue) return value.substr(0, kLongestValue) + "...";
  if (nesting_of(value) > kDeepestShown) return value;
  auto parsed = nlohmann::json::parse(value, nullptr, false);
  return parsed.is_discarded() ? nlohmann::json(value) : parsed;
}

}  // namespace

std::span<const ProblemKind> problem_kinds() noexcept {
  return kKinds;
}

ProblemKind problem_kind(int status) noexcept {
  for (const ProblemKind& kind : kKinds) {
    if (kind.status == status) return kind;
  }
  return status < 500 ? ProblemKind{status, "invalid_argument", "The request is not valid"}
                      : ProblemKind{status, "internal", "The service failed"};
}

wire::Schema problem_schema() {
  std::vector<std::string> types;
  for (const ProblemKind& kind : kKinds) types.push_back(kPrefix + std::string(kind.type));
  const std::vector<std::string_view> names(types.begin(), types.end());
  return schema::object(
             {schema::must("type", schema::one_of(std::span<const std::string_view>(names))),
              schema::must("title", schema::text()),
              schema::must("status", schema::small(400, 599)),
              schema::must("detail", schema::text()),
              schema::may("field", schema::text().about("of the body, the query or the head")),
              schema::may("value", schema::anything().about("what stood there"))})
      .about("A failure (RFC 9457)")
      .named("Problem");
}

Response problem(int status, const std::string& detail, const std::string& field,
                 const std::string& value) {
  const ProblemKind kind = problem_kind(status);
  nlohmann::ordered_json document = {{"type", kPrefix + std::string(kind.type)},
                                     {"title", kind.title},
                                     {"status", status},
                                     {"detail", detail}};
  if (!field.empty()) document["field"] = field;
  if (!value.empty()) document["value"] = as_json(value);
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return response;
}

Response failure(const Error& error) {
  return problem(error_code_facts(error.code).http_status, error.message, error.field, error.value);
}

}  // namespace pare::coordinator
