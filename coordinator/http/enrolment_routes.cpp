// Workers join: an administrator asks for a code, the worker turns it into a key and a token.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "coordinator/access/token_text.h"
#include "coordinator/http/groups.h"
#include "coordinator/http/problem.h"
#include "coordinator/http/replies.h"
#include "wire/field_errors.h"
#include "wire/sha256.h"
#include "wire/token_json.h"

namespace pare::coordinator {
namespace {

Response no_tokens_here() {
  return problem(409, "this service asks for no tokens: its workers connect without joining");
}

// POST /v1/workers/enrolments
Response post_enrolment(const Services& services, const Request& request) {
  if (services.tokens == nullptr) return no_tokens_here();
  const auto wanted = wire::parse_new_enrolment(request.body);
  if (!wanted) return failure(wanted.error());
  const auto code = make_token_text();
  if (!code) return failure(code.error());
  constexpr double kSecondsAMinute = 60;
  const auto until = services.store.add_enrolment(
      {wire::sha256_hex(code.value()), wanted.value().name, request.principal.owner,
       std::chrono::seconds(std::llround(wanted.value().minutes * kSecondsAMinute))});
  if (!until) return failure(until.error());
  return reply(201, {{"name", wanted.value().name},
                     {"code", code.value()},
                     {"expires_at", rfc3339(until.value())}});
}

// POST /v1/workers/join: whoever has a code needs no token
Response post_join(const Services& services, const Request& request) {
  if (services.tokens == nullptr) return no_tokens_here();
  const auto asked = wire::parse_join(request.body);
  if (!asked) return failure(asked.error());
  const auto text = make_token_text();
  if (!text) return failure(text.error());
  const auto joined = services.store.join(wire::sha256_hex(asked.value().code),
                                          asked.value().public_key, wire::sha256_hex(text.value()));
  if (!joined) return failure(joined.error());
  if (const auto read = services.tokens->read(); !read) return failure(read.error());
  return reply(201, {{"name", joined.value().name},
                     {"token", text.value()},
                     {"server_key", services.link.public_key},
                     {"port", services.link.port}});
}

wire::Schema enrolment_schema() {
  return schema::object({schema::must("name", schema::text()),
                         schema::must("code", schema::text(1)),
                         schema::must("expires_at", schema::time())})
      .named("Enrolment");
}

wire::Schema joined_schema() {
  return schema::object(
             {schema::must("name", schema::text()), schema::must("token", schema::text(1)),
              schema::must("server_key", schema::text()), schema::must("port", schema::small())})
      .named("Joined");
}

}  // namespace

void add_enrolment_routes(RouteTable& table, const Services& services) {
  table.add({"POST", "/v1/workers/enrolments", Body::kJson, Needs::kAdmin,
             "Makes a code that lets one worker join, once",
             [&services](const Request& r) { return post_enrolment(services, r); },
             RouteDoc{.id = "postEnrolment",
                      .tag = "access",
                      .takes = wire::new_enrolment_schema(),
                      .gives = {{201, enrolment_schema()}},
                      .refuses = {409}}});
  table.add({"POST", "/v1/workers/join", Body::kJson, Needs::kNothing,
             "Turns a code into a worker's key and token",
             [&services](const Request& r) { return post_join(services, r); },
             RouteDoc{.id = "postJoin",
                      .tag = "access",
                      .takes = wire::join_schema(),
                      .gives = {{201, joined_schema()}},
                      .refuses = {404, 409}}});
}

}  // namespace pare::coordinator
