#include "coordinator/store/pg_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

Leader leader_of(const pqxx::row& row) {
  return {row["term"].as<std::int64_t>(), text_of(row["holder"]), time_of(row["until"])};
}

Param length_of(std::chrono::milliseconds length) {
  return to_param(static_cast<double>(length.count()));
}

}  // namespace

Result<Leader> PgStore::lead(std::string_view holder, std::chrono::milliseconds length,
                             std::optional<std::int64_t> dead) {
  auto led = pool_.run([&](pqxx::work& tx) -> Result<Leader> {
    const auto rows =
        execute(tx, query::take_lead, holder, length_of(length), now(), to_param(dead));
    if (!rows.empty()) return leader_of(rows.front());
    return conflict("another coordinator leads: " +
                    text_of(execute(tx, query::select_leader).front()["holder"]));
  });
  if (led) term_ = led.value().term;
  return led;
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
