#include "coordinator/store/pg_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

std::vector<std::string> names_of(Scopes scopes) {
  std::vector<std::string> names;
  for (const auto& [scope, name] : kScopeNames) {
    if (scopes.says(scope)) names.emplace_back(name);
  }
  return names;
}

// Never more than is known to be meant.
Scopes scopes_of(const std::vector<std::string>& names) {
  Scopes scopes;
  for (const std::string& name : names) {
    const auto scope = scope_named(name);
    if (!scope) {
      throw pqxx::conversion_error("its scope \"" + name + "\" is not known to this version");
    }
    scopes.add(*scope);
  }
  return scopes;
}

std::string name_of_token(const pqxx::row& row) {
  return "token \"" + text_of(row["name"]) + "\"";
}

Token token_of(const pqxx::row& row) {
  Token token;
  token.id = row["id"].as<std::int64_t>();
  token.name = text_of(row["name"]);
  token.owner = text_of(row["owner"]);
  token.sha256 = text_of(row["sha256"]);
  token.scopes = scopes_of(texts_of(row["scopes"]));
  token.created_at = time_of(row["created_at"]);
  token.expires_at = optional_time_of(row["expires_at"]);
  token.revoked_at = optional_time_of(row["revoked_at"]);
  token.used_at = optional_time_of(row["used_at"]);
  return token;
}

AuditEntry audit_of(const pqxx::row& row) {
  AuditEntry entry;
  entry.cursor = row["id"].as<std::int64_t>();
  entry.at = time_of(row["at"]);
  entry.token = text_of(row["token"]);
  entry.owner = text_of(row["owner"]);
  entry.method = text_of(row["method"]);
  entry.path = text_of(row["path"]);
  entry.status = row["status"].as<int>();
  entry.times = row["times"].as<int>();
  return entry;
}

}  // namespace

Result<Token> PgStore::add_token(const NewToken& token) {
  return pool_.run([&](pqxx::work& tx) -> Result<Token> {
    const Param seconds = token.lifetime ? to_param(token.lifetime->count()) : Param{};
    const auto made = execute(tx, query::insert_token, token.name, token.owner, token.sha256,
                              json_param(names_of(token.scopes)), seconds, now());
    if (made.empty()) return conflict("token \"" + token.name + "\" exists; revoke it first");
    const auto rows = execute(tx, query::select_tokens, made.front()[0].as<std::int64_t>(), true);
    return read_one(rows.front(), name_of_token, token_of);
  });
}

Result<std::vector<Token>> PgStore::tokens(bool revoked_too) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Token>> {
    std::vector<Token> tokens;
    for (const auto& row : execute(tx, query::select_tokens, std::nullopt, revoked_too)) {
      auto one = read_one(row, name_of_token, token_of);
      if (one) {
        tokens.push_back(std::move(one).value());
      } else {
        log_once(one.error().message);
      }
    }
    return tokens;
  });
}

Result<Token> PgStore::revoke_token(std::string_view name) {
  return pool_.run([&](pqxx::work& tx) -> Result<Token> {
    const auto ended = execute(tx, query::revoke_token, name, now());
    if (ended.empty()) return not_found("token", name);
    const auto rows = execute(tx, query::select_tokens, ended.front()[0].as<std::int64_t>(), true);
    return read_one(rows.front(), name_of_token, token_of);
  });
}

Result<std::monostate> PgStore::note_token_use(
    const std::vector<std::pair<std::int64_t, std::chrono::duration<double>>>& uses) {
  std::vector<double> ids, ago;
  for (const auto& [id, since] : uses) {
    ids.push_back(static_cast<double>(id));
    ago.push_back(since.count());
  }
  return pool_.run([&](pqxx::work& tx) -> Result<std::monostate> {
    execute(tx, query::use_tokens, array_param(ids), array_param(ago), now());
    return std::monostate{};
  });
}

Result<TimePoint> PgStore::add_enrolment(const NewEnrolment& enrolment) {
  return pool_.run([&](pqxx::work& tx) -> Result<TimePoint> {
    const auto rows =
        execute(tx, query::insert_enrolment, enrolment.code_sha256, enrolment.name,
                enrolment.made_by, static_cast<double>(enrolment.lifetime.count()), now());
    return time_of(rows.front()["expires_at"]);
  });
}

Result<Token> PgStore::join(std::string_view code_sha256, const std::string& public_key,
                            const std::string& token_sha256) {
  return pool_.run([&](pqxx::work& tx) -> Result<Token> {
    const auto used = execute(tx, query::use_enrolment, code_sha256, now());
    if (used.empty()) {
      return Error{ErrorCode::kNotFound,
                   "there is no such code, or it was used, or it is too old: "
                   "`pare worker enroll` makes another one"};
    }
    const std::string name = "worker-" + text_of(used.front()["name"]);
    execute(tx, query::revoke_token, name, now());
    const auto made =
        execute(tx, query::insert_token, name, text_of(used.front()["made_by"]), token_sha256,
                json_param(std::vector<std::string>{std::string(name_of(Scope::kWorker))}),
                std::nullopt, now());
    const auto id = made.front()[0].as<std::int64_t>();
    if (execute(tx, query::insert_worker_key, public_key, id).empty()) {
      return conflict("the key " + public_key + " is known already");
    }
    return read_one(execute(tx, query::select_tokens, id, true).front(), name_of_token, token_of);
  });
}

Result<std::vector<WorkerKey>> PgStore::worker_keys() {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<WorkerKey>> {
    std::vector<WorkerKey> keys;
    for (const auto& row : execute(tx, query::select_worker_keys, now())) {
      keys.push_back({text_of(row["public_key"]), text_of(row["name"])});
    }
    return keys;
  });
}

Result<std::monostate> PgStore::add_audit(const std::vector<NewAuditEntry>& entries) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::monostate> {
    for (const NewAuditEntry& entry : entries) {
      execute(tx, query::insert_audit, entry.ago.count(), entry.token, entry.owner, entry.method,
              entry.path, entry.status, entry.times, now());
    }
    return std::monostate{};
  });
}

Result<std::vector<AuditEntry>> PgStore::audit(const Page& page) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<AuditEntry>> {
    std::vector<AuditEntry> entries;
    for (const auto& row : execute(tx, query::select_audit, page.after, page.limit)) {
      entries.push_back(audit_of(row));
    }
    return entries;
  });
}

}  // namespace pare::coordinator
