#include "coordinator/store/pg_pool.h"

#include <string_view>

#include "coordinator_store/sql_text.h"

namespace pare::coordinator {
namespace {

// PostgreSQL's message without the line feed at its end and without naming the statement.
std::string message_of(const std::exception& thrown) {
  std::string message = thrown.what();
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return "database: " + message;
}

// https://www.postgresql.org/docs/15/errcodes-appendix.html
ErrorCode code_of(std::string_view sqlstate) {
  if (sqlstate == "23505" || sqlstate == "23P01") return ErrorCode::kConflict;
  if (sqlstate == "23503") return ErrorCode::kNotFound;  // what is referred to is not there
  if (sqlstate.starts_with("22") || sqlstate.starts_with("23")) return ErrorCode::kInvalidArgument;
  return ErrorCode::kUnavailable;
}

}  // namespace

PgPool::Failure PgPool::classify(const std::exception& thrown) {
  const std::string message = message_of(thrown);
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&thrown)) {
    const std::string& state = sql->sqlstate();
    const bool stopping = state.starts_with("57P0");   // the server ends this connection
    const bool rolled_back = state.starts_with("40");  // a deadlock
    return {{code_of(state), message}, stopping, stopping || rolled_back};
  }
  if (dynamic_cast<const pqxx::in_doubt_error*>(&thrown) != nullptr) {
    return {{ErrorCode::kUnavailable, message}, true, false};
  }
  if (dynamic_cast<const pqxx::broken_connection*>(&thrown) != nullptr) {
    return {{ErrorCode::kUnavailable, message}, true, true};
  }
  return {{ErrorCode::kUnavailable, message}, true, false};
}

PgPool::Borrowed::Borrowed(PgPool& pool) : pool_(pool) {
  std::unique_lock lock(pool_.mutex_);
  pool_.returned_.wait(lock, [&] { return pool_.unused_ > 0; });
  --pool_.unused_;
  if (!pool_.idle_.empty()) {
    connection_ = std::move(pool_.idle_.back());
    pool_.idle_.pop_back();
  }
}

PgPool::Borrowed::~Borrowed() {
  {
    const std::scoped_lock lock(pool_.mutex_);
    ++pool_.unused_;
    if (connection_ != nullptr) pool_.idle_.push_back(std::move(connection_));
  }
  pool_.returned_.notify_one();
}

pqxx::connection& PgPool::Borrowed::connection() {
  if (connection_ == nullptr) {
    auto made = std::make_unique<pqxx::connection>(pool_.url_);
    {
      // Queries with optional filters are only fast when planned for the filters that are there.
      pqxx::nontransaction settings(*made);
      settings.exec("SET plan_cache_mode = force_custom_plan; SET client_min_messages = warning");
    }
    for (const NamedQuery& named : kAllQueries) made->prepare(named.name, named.text);
    connection_ = std::move(made);
  }
  return *connection_;
}

}  // namespace pare::coordinator
