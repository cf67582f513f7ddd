#include "coordinator/store/pg_pool.h"

#include <libpq-fe.h>

#include <array>
#include <string_view>
#include <utility>

#include "coordinator_store/sql_text.h"

namespace pare::coordinator {
namespace {

// Failures for want of room that lie further apart are two times of want.
constexpr std::chrono::seconds kSameWant{60};

using Settings = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

// Of libpq; what the user wrote wins.  A server that says nothing while it lets us in is given up
// after two to three seconds (libpq takes no less), a peer that acknowledges nothing after ten.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOurs = {{
    {"connect_timeout", "3"},
    {"tcp_user_timeout", "10000"},
    {"keepalives", "1"},
    {"keepalives_idle", "5"},
    {"keepalives_interval", "2"},
    {"keepalives_count", "3"},
    {"application_name", "pare-coordinator"},
}};

void add_setting(std::string& conninfo, std::string_view name, std::string_view value) {
  if (!conninfo.empty()) conninfo += ' ';
  conninfo += name;
  conninfo += "='";
  for (const char c : value) {
    if (c == '\'' || c == '\\') conninfo += '\\';
    conninfo += c;
  }
  conninfo += '\'';
}

std::string seconds_of(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

Result<std::string> with_connection_limits(const std::string& url) {
  char* reason = nullptr;
  const Settings settings(PQconninfoParse(url.c_str(), &reason), PQconninfoFree);
  if (settings == nullptr) {
    const std::string why = reason == nullptr ? "out of memory" : reason;
    PQfreemem(reason);
    return Error{ErrorCode::kInvalidArgument, "the database's address cannot be read: " + why};
  }
  std::string conninfo;
  const auto given = [&](std::string_view name) {
    for (const auto* at = settings.get(); at->keyword != nullptr; ++at) {
      if (at->keyword == name) return at->val != nullptr;
    }
    return false;
  };
  for (const auto* at = settings.get(); at->keyword != nullptr; ++at) {
    if (at->val != nullptr) add_setting(conninfo, at->keyword, at->val);
  }
  for (const auto& [name, value] : kOurs) {
    if (!given(name)) add_setting(conninfo, name, value);
  }
  return conninfo;
}

std::unique_ptr<pqxx::connection> connect(const std::string& conninfo, const PgLimits& limits,
                                          PgWatchdog& watchdog) {
  auto made = std::make_unique<pqxx::connection>(conninfo);
  // libpq's limit ends with the handshake; the settings below wait for answers, too.
  const PgWatchdog::Watch watch(watchdog, made->sock(), limits.connect);
// pqxx would connect again by itself, to a socket that nobody watches.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  made->inhibit_reactivation(true);
#pragma GCC diagnostic pop
  const auto set = [&](const char* name, const std::string& value) {
    made->set_variable(name, value);
  };
  set("statement_timeout", std::to_string(limits.statement.count()));
  set("lock_timeout", std::to_string(limits.lock.count()));
  set("idle_in_transaction_session_timeout", std::to_string(limits.call.count()));
  // Queries with optional filters are only fast when planned for the filters that are there.
  set("plan_cache_mode", "force_custom_plan");
  set("client_min_messages", "warning");
  for (const NamedQuery& named : kAllQueries) made->prepare(named.name, named.text);
  return made;
}

PgPool::Borrowed::Borrowed(PgPool& pool) : pool_(pool) {
  if (pool_.hung_) return;
  std::unique_lock lock(pool_.mutex_);
  granted_ = pool_.returned_.wait_for(lock, pool_.limits_.free_connection,
                                      [&] { return pool_.unused_ > 0; });
  if (!granted_) return;
  --pool_.unused_;
  if (!pool_.idle_.empty()) {
    connection_ = std::move(pool_.idle_.back());
    pool_.idle_.pop_back();
  }
}

PgPool::Borrowed::~Borrowed() {
  if (!granted_) return;
  {
    const std::scoped_lock lock(pool_.mutex_);
    ++pool_.unused_;
    if (connection_ != nullptr) pool_.idle_.push_back(std::move(connection_));
  }
  pool_.returned_.notify_one();
}

pqxx::connection& PgPool::Borrowed::connection() {
  if (connection_ == nullptr)
    connection_ = connect(pool_.conninfo_, pool_.limits_, pool_.watchdog_);
  return *connection_;
}

Error PgPool::refusal() const {
  if (hung_) return Error{ErrorCode::kUnavailable, "database: it does not answer"};
  return Error{ErrorCode::kUnavailable, "database: all " + std::to_string(connections_) +
                                            " connections are in use for " +
                                            seconds_of(limits_.free_connection)};
}

Error PgPool::noted(const Error& error) {
  if (error.code == ErrorCode::kResourceExhausted) {
    const auto now = PgWatchdog::Clock::now();
    const std::scoped_lock lock(mutex_);
    const bool same = no_room_ && now - no_room_->last < kSameWant;
    no_room_ = NoRoom{error.message, same ? no_room_->first : now, now};
  }
  return error;
}

std::optional<PgPool::NoRoom> PgPool::no_room() const {
  const std::scoped_lock lock(mutex_);
  return no_room_;
}

}  // namespace pare::coordinator
