// Tokens: made once, shown once, revoked; and what was asked with them.
#include <algorithm>
#include <array>
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

using nlohmann::ordered_json;

ordered_json names_of(Scopes scopes) {
  ordered_json names = ordered_json::array();
  for (const auto& [scope, name] : kScopeNames) {
    if (scopes.says(scope)) names.push_back(name);
  }
  return names;
}

ordered_json view_of(const Token& token) {
  ordered_json view = {{"name", token.name},
                       {"owner", token.owner},
                       {"scopes", names_of(token.scopes)},
                       {"created_at", rfc3339(token.created_at)}};
  if (token.expires_at) view["expires_at"] = rfc3339(*token.expires_at);
  if (token.revoked_at) view["revoked_at"] = rfc3339(*token.revoked_at);
  if (token.used_at) view["used_at"] = rfc3339(*token.used_at);
  return view;
}

// What changed is known here at once, and to other coordinators when they read next.
void read_again(const Services& services) {
  if (services.tokens != nullptr) (void)services.tokens->read();
}

// POST /v1/tokens
Response post_token(const Services& services, const Request& request) {
  const auto wanted = wire::parse_new_token(request.body);
  if (!wanted) return failure(wanted.error());
  const wire::NewToken& given = wanted.value();
  const auto text = make_token_text();
  if (!text) return failure(text.error());
  constexpr double kSecondsADay = 86400;
  NewToken token{given.name, given.owner, wire::sha256_hex(text.value()), given.scopes, {}};
  if (token.owner.empty()) token.owner = request.principal.owner;
  if (token.owner.empty()) token.owner = given.name;  // of a service that knows nobody yet
  if (given.days) token.lifetime = std::chrono::seconds(std::llround(*given.days * kSecondsADay));
  const auto made = services.store.add_token(token);
  if (!made) return failure(wire::with_field(made.error(), "name", given.name));
  read_again(services);
  ordered_json view = view_of(made.value());
  view["token"] = text.value();
  return reply(201, view);
}

// GET /v1/tokens?revoked=true
Response list_tokens(const Services& services, const Request& request) {
  const auto revoked = flag_of(request, "revoked");
  if (!revoked) return failure(revoked.error());
  const auto tokens = services.store.tokens(revoked.value());
  if (!tokens) return failure(tokens.error());
  ordered_json items = ordered_json::array();
  for (const Token& token : tokens.value()) items.push_back(view_of(token));
  return reply(200, {{"items", items}});
}

// DELETE /v1/tokens/{token}
Response delete_token(const Services& services, const Request& request) {
  const auto ended = services.store.revoke_token(request.captured("token"));
  if (!ended) return failure(ended.error());
  read_again(services);
  return reply(200, view_of(ended.value()));
}

// GET /v1/whoami
Response get_whoami(const Services& services, const Request& request) {
  ordered_json view = {{"access", services.tokens == nullptr ? "open" : "tokens"}};
  if (!request.principal.owner.empty()) view["owner"] = request.principal.owner;
  view["scopes"] = names_of(request.principal.scopes);
  return reply(200, view);
}

// GET /v1/audit
Response list_audit(const Services& services, const Request& request) {
  const auto page = page_of(request);
  if (!page) return failure(page.error());
  const auto entries = services.store.audit(one_more(page.value()));
  if (!entries) return failure(entries.error());
  ListReply list(page.value());
  for (const AuditEntry& entry : entries.value()) {
    ordered_json view = {{"at", rfc3339(entry.at)}};
    if (!entry.token.empty()) view["token"] = entry.token;
    if (!entry.owner.empty()) view["owner"] = entry.owner;
    view["method"] = entry.method;
    view["path"] = entry.path;
    view["status"] = entry.status;
    if (entry.times > 1) view["times"] = entry.times;
    list.add(entry.cursor, view);
  }
  return list.reply();
}

std::vector<schema::Field> token_fields() {
  return {schema::must("name", schema::text()),
          schema::must("owner", schema::text()),
          schema::must("scopes", schema::set(schema::one_of(kScopeNames))),
          schema::must("created_at", schema::time()),
          schema::may("expires_at", schema::time()),
          schema::may("revoked_at", schema::time()),
          schema::may("used_at", schema::time())};
}

wire::Schema token_schema() {
  return schema::object(token_fields()).named("Token");
}

wire::Schema new_token_shown() {
  std::vector<schema::Field> fields = token_fields();
  fields.push_back(schema::must("token", schema::text(1).about("its text, this once")));
  return schema::object(fields).named("TokenShown");
}

constexpr std::array<std::string_view, 2> kAccess = {"open", "tokens"};

wire::Schema whoami_schema() {
  return schema::object({schema::must("access", schema::one_of(kAccess)),
                         schema::may("owner", schema::text()),
                         schema::must("scopes", schema::set(schema::one_of(kScopeNames)))})
      .named("WhoAmI");
}

wire::Schema audit_schema() {
  return schema::object(
             {schema::must("at", schema::time()), schema::may("token", schema::text()),
              schema::may("owner", schema::text()), schema::must("method", schema::text()),
              schema::must("path", schema::text()), schema::must("status", schema::small(100, 599)),
              schema::may("times", schema::small(2))})
      .named("AuditEntry");
}

}  // namespace

void add_token_routes(RouteTable& table, const Services& services) {
  table.add({"POST", "/v1/tokens", Body::kJson, Needs::kAdmin, "Makes a token, and shows it once",
             [&services](const Request& r) { return post_token(services, r); },
             RouteDoc{.id = "postToken",
                      .tag = "access",
                      .takes = wire::new_token_schema(),
                      .gives = {{201, new_token_shown()}},
                      .refuses = {409}}});
  table.add({"GET", "/v1/tokens", Body::kNone, Needs::kAdmin, "The tokens, without their texts",
             [&services](const Request& r) { return list_tokens(services, r); },
             RouteDoc{.id = "listTokens",
                      .tag = "access",
                      .query = {{"revoked", schema::truth(), "Those that ended as well"}},
                      .gives = {{200, items_schema("Tokens", token_schema())}}}});
  table.add({"DELETE", "/v1/tokens/{token}", Body::kNone, Needs::kAdmin, "Revokes a token",
             [&services](const Request& r) { return delete_token(services, r); },
             RouteDoc{.id = "deleteToken", .tag = "access", .gives = {{200, token_schema()}}}});
  table.add({"GET", "/v1/whoami", Body::kNone, Needs::kAnyToken, "Who asks, and what they may do",
             [&services](const Request& r) { return get_whoami(services, r); },
             RouteDoc{.id = "getWhoAmI", .tag = "access", .gives = {{200, whoami_schema()}}}});
  table.add({"GET", "/v1/audit", Body::kNone, Needs::kAdmin,
             "What was changed or refused, and for whom",
             [&services](const Request& r) { return list_audit(services, r); },
             RouteDoc{.id = "listAudit",
                      .tag = "access",
                      .query = page_query(),
                      .gives = {{200, page_of_schema("Audit", audit_schema())}}}});
}

}  // namespace pare::coordinator
