#include "wire/token_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wire/parts.h"

namespace pare::wire {
namespace {

constexpr double kLeastDays = 1.0 / 24;
constexpr double kMostDays = 3650;
constexpr double kMostMinutes = 7 * 24 * 60;
constexpr std::size_t kKeyText = 40;

Scopes read_scopes(Fields& fields) {
  Scopes scopes;
  for (const std::string& name : fields.texts("scopes")) {
    const auto scope = scope_named(name);
    if (scope) {
      scopes.add(*scope);
    } else {
      fields.refuse("scopes", "be of read, submit, worker and admin");
    }
  }
  if (scopes.empty()) fields.refuse("scopes", "name one scope at least");
  return scopes;
}

NewToken read_new_token(Fields& fields) {
  NewToken out;
  out.name = read_plain_name(fields, "name");
  if (fields.has("owner")) out.owner = read_plain_name(fields, "owner");
  out.scopes = read_scopes(fields);
  if (fields.has("days")) out.days = fields.number("days", kLeastDays, kMostDays);
  return out;
}

NewEnrolment read_new_enrolment(Fields& fields) {
  NewEnrolment out;
  out.name = read_plain_name(fields, "name");
  if (fields.has("minutes")) out.minutes = fields.number("minutes", 1, kMostMinutes);
  return out;
}

// ZeroMQ RFC 32.
bool is_z85(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view(".-:+=^!/*?&<>()[]{}@%$#").find(c) != std::string_view::npos;
  });
}

Join read_join(Fields& fields) {
  Join out;
  out.code = fields.text("code");
  out.public_key = fields.text("public_key");
  if (out.public_key.size() != kKeyText || !is_z85(out.public_key)) {
    fields.refuse("public_key", "be a key of CURVE: 40 characters of Z85");
  }
  return out;
}

}  // namespace

Result<NewEnrolment> parse_new_enrolment(std::string_view json) {
  return decode(json, "enrolment", read_new_enrolment);
}

Result<Join> parse_join(std::string_view json) {
  return decode(json, "join", read_join);
}

Result<NewToken> parse_new_token(std::string_view json) {
  return decode(json, "token", read_new_token);
}

Schema new_token_schema() {
  return schema::object({schema::must("name", schema::plain_name()),
                         schema::wish("owner", schema::plain_name()),
                         schema::must("scopes", schema::list(schema::one_of(kScopeNames), 1)),
                         schema::wish("days", schema::number(kLeastDays, kMostDays))})
      .named("NewToken");
}

Schema new_enrolment_schema() {
  return schema::object({schema::must("name", schema::plain_name()),
                         schema::wish("minutes", schema::number(1, kMostMinutes))})
      .named("NewEnrolment");
}

Schema join_schema() {
  return schema::object({schema::must("code", schema::text()),
                         schema::must("public_key", schema::text(kKeyText, kKeyText))})
      .named("Join");
}

}  // namespace pare::wire
