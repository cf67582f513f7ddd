#include "coordinator/store/pg_errors.h"

#include <algorithm>
#include <array>
#include <new>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <string>

namespace pare::coordinator {
namespace {

// A state, or the class that it begins with; the first that fits counts.
struct Rule {
  std::string_view begins;
  ErrorCode code;
};

constexpr std::array kRules = {
    Rule{"23505", ErrorCode::kConflict},       Rule{"23P01", ErrorCode::kConflict},
    Rule{"23503", ErrorCode::kNotFound},  // what is referred to is not there
    Rule{"22", ErrorCode::kInvalidArgument},   Rule{"23", ErrorCode::kInvalidArgument},
    Rule{"54", ErrorCode::kInvalidArgument},    // nested too deeply, too many columns
    Rule{"53300", ErrorCode::kUnavailable},     // too many connections: others will go
    Rule{"53", ErrorCode::kResourceExhausted},  // 53100: the disk is full; 53200: out of memory
    Rule{"08", ErrorCode::kUnavailable},        // the connection
    Rule{"25006", ErrorCode::kUnavailable},     // read only: this server is a standby now
    Rule{"25P03", ErrorCode::kUnavailable},     // idle in a transaction for too long
    Rule{"40", ErrorCode::kUnavailable},        // rolled back: a deadlock
    Rule{"55P03", ErrorCode::kUnavailable},     // a lock was not free in time
    Rule{"57", ErrorCode::kUnavailable},        // stops, starts, or a statement took too long
    Rule{"58", ErrorCode::kUnavailable},        // the server's own input and output
};

// PostgreSQL's message without the line feed at its end and without naming the statement.
std::string message_of(const std::exception& thrown) {
  std::string message = thrown.what();
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return "database: " + message;
}

PgFailure of_sql(const pqxx::sql_error& thrown) {
  const std::string& state = thrown.sqlstate();
  const bool stopping = state.starts_with("57P0");  // the server ends this connection
  const bool gone = stopping || state == "25P03" || state == "25006";
  const bool rolled_back = state.starts_with("40");
  std::string message = message_of(thrown);
  const ErrorCode code = code_of_sqlstate(state);
  if (code == ErrorCode::kInternal) message += " (SQLSTATE " + state + ")";
  return {{code, std::move(message)}, gone, stopping || rolled_back};
}

}  // namespace

ErrorCode code_of_sqlstate(std::string_view sqlstate) noexcept {
  const auto* rule = std::ranges::find_if(
      kRules, [&](const Rule& candidate) { return sqlstate.starts_with(candidate.begins); });
  return rule == kRules.end() ? ErrorCode::kInternal : rule->code;
}

PgFailure classify(const std::exception& thrown) {
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&thrown)) return of_sql(*sql);
  const auto is = [&]<typename T>(std::type_identity<T>) {
    return dynamic_cast<const T*>(&thrown) != nullptr;
  };
  if (is(std::type_identity<pqxx::in_doubt_error>{})) {
    return {{ErrorCode::kUnavailable, message_of(thrown)}, true, false};
  }
  if (is(std::type_identity<pqxx::broken_connection>{})) {
    return {{ErrorCode::kUnavailable, message_of(thrown)}, true, true};
  }
  if (is(std::type_identity<pqxx::failure>{})) {
    return {{ErrorCode::kUnavailable, message_of(thrown)}, true, false};
  }
  if (is(std::type_identity<std::bad_alloc>{})) {
    return {{ErrorCode::kResourceExhausted, "the coordinator is out of memory"}, true, false};
  }
  if (is(std::type_identity<nlohmann::json::exception>{}) ||
      is(std::type_identity<pqxx::conversion_error>{})) {
    return {{ErrorCode::kInternal, "stored data cannot be read: " + std::string(thrown.what())}};
  }
  // A bug of ours or of the library's: nobody knows what state the connection is in.
  return {{ErrorCode::kInternal, message_of(thrown)}, true, false};
}

}  // namespace pare::coordinator
