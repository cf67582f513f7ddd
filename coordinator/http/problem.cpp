#include "coordinator/http/problem.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "coordinator/http/nesting.h"

namespace pare::coordinator {
namespace {

struct Kind {
  int status;
  std::string_view type;
  std::string_view title;
};

constexpr Kind kKinds[] = {
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

Kind kind_of(int status) {
  for (const Kind& kind : kKinds) {
    if (kind.status == status) return kind;
  }
  return status < 500 ? Kind{status, "invalid_argument", "The request is not valid"}
                      : Kind{status, "internal", "The service failed"};
}

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

Response problem(int status, const std::string& detail, const std::string& field,
                 const std::string& value) {
  const Kind kind = kind_of(status);
  nlohmann::ordered_json document = {{"type", "urn:pare:problem:" + std::string(kind.type)},
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
