#include <condition_variable>
#include <mutex>
#include <thread>

#include "coordinator/store/pg_migrate.h"
#include "coordinator/store/pg_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

Leader leader_of(const pqxx::row& row) {
  return {row["term"].as<std::int64_t>(), text_of(row["holder"]), time_of(row["until"])};
}

std::string to_come(int from, int to) {
  return "the database goes from schema " + std::to_string(from) + " to " + std::to_string(to);
}

Param length_of(std::chrono::milliseconds length) {
  return to_param(static_cast<double>(length.count()));
}

}  // namespace

Result<Leader> PgStore::lead(std::string_view holder, std::chrono::milliseconds length,
                             std::optional<std::int64_t> dead) {
  const int ours = newest_schema();
  int schema = 0;
  auto led = pool_.run([&](pqxx::work& tx) -> Result<Leader> {
    schema = execute(tx, query::select_schema)[0][0].as<int>();
    if (schema > ours) return unknown_schema(schema);
    const auto rows =
        execute(tx, query::take_lead, holder, length_of(length), now(), to_param(dead));
    if (!rows.empty()) return leader_of(rows.front());
    return conflict("another coordinator leads: " +
                    text_of(execute(tx, query::select_leader).front()["holder"]) +
                    (schema == ours ? "" : "; " + to_come(schema, ours) + " when this one does"));
  });
  if (!led) return led;
  term_ = led.value().term;
  if (schema < ours) led = migrate_as_leader(schema, length);
  if (led) watch();
  return led;
}

Result<Leader> PgStore::migrate_as_leader(int from, std::chrono::milliseconds length) {
  if (log_) log_(to_come(from, newest_schema()) + " now");
  std::mutex mutex;
  std::condition_variable_any ended;
  std::jthread keeps([&](const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      ended.wait_for(lock, stop, length / 4, [] { return false; });
      if (!stop.stop_requested()) (void)stay_leader(length);
    }
  });
  const auto migrated = migrate(pool_.conninfo());
  keeps.request_stop();
  keeps.join();
  if (migrated) return stay_leader(length);
  (void)resign();
  return migrated.error();
}

Result<Leader> PgStore::stay_leader(std::chrono::milliseconds length) {
  return pool_.run([&](pqxx::work& tx) -> Result<Leader> {
    const auto rows = execute(tx, query::keep_lead, term_.load(), length_of(length), now());
    if (rows.empty()) return conflict("another coordinator leads");
    return leader_of(rows.front());
  });
}

Result<bool> PgStore::resign() {
  return pool_.run([&](pqxx::work& tx) -> Result<bool> {
    return !execute(tx, query::keep_lead, term_.load(), 0.0, now()).empty();
  });
}

Result<std::optional<Leader>> PgStore::leader() {
  return pool_.run([&](pqxx::work& tx) -> Result<std::optional<Leader>> {
    const auto rows = execute(tx, query::select_leader);
    if (rows.empty()) return std::optional<Leader>();
    return std::optional(leader_of(rows.front()));
  });
}

// Unavailable, and no conflict: whoever was overtaken by another leader has nothing to decide anew,
// it has to wait until it leads again.
std::optional<Error> PgStore::overtaken(pqxx::work& tx) const {
  const std::int64_t term = term_;
  if (term == 0 || !execute(tx, query::check_term, term).empty()) return std::nullopt;
  return Error{ErrorCode::kUnavailable,
               "another coordinator leads: the term " + std::to_string(term) + " is over"};
}

}  // namespace pare::coordinator
