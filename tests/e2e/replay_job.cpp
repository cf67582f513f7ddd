// replay_job URL JOB: plays a job's search log to a strategy that never died, and asks it what was
// asked.
//
// Prints one JSON object: "asks", for each ask of the log {"trial", "logged", "asked"} (genomes;
// equal where the crashes of the coordinator changed nothing), and "tells", the trials told.
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "coordinator/jobs/job_context.h"
#include "coordinator/jobs/job_runner.h"
#include "coordinator/store/pg_store.h"
#include "search/strategy.h"

namespace pare::coordinator {
namespace {

using nlohmann::json;

template <typename T>
T taken(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

std::unique_ptr<search::Strategy> at_its_beginning(const JobContext& context) {
  return search::with_seeds(first_plans(context).genomes, taken(strategy_of(context)));
}

json replay(Store& store, JobId id) {
  const JobContext context = taken(load_context(store, taken(store.job(id))));
  const std::vector<Trial> trials = taken(all_trials(store, id));
  const auto strategy = at_its_beginning(context);
  json asks = json::array();
  json tells = json::array();
  for (const SearchLogEntry& entry : taken(store.search_log(id))) {
    const int number = json::parse(entry.payload_json).at("trial").get<int>();
    const Trial& trial = trials.at(static_cast<std::size_t>(number - 1));
    if (entry.step == SearchStep::kAsk) {
      const std::vector<search::Genome> asked = strategy->ask(1);
      asks.push_back({{"trial", number},
                      {"logged", trial.genome},
                      {"asked", asked.empty() ? json() : json(asked.front().choices)}});
    } else {
      const search::Observation observation = observation_of(context, trial);
      strategy->tell({&observation, 1});
      tells.push_back(number);
    }
  }
  return {{"asks", std::move(asks)}, {"tells", std::move(tells)}};
}

}  // namespace
}  // namespace pare::coordinator

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "replay_job URL JOB\n");
    return 2;
  }
  namespace c = pare::coordinator;
  try {
    c::PgOptions database;
    database.url = argv[1];
    const auto store = c::taken(c::open_pg_store(database));
    const pare::JobId job{std::atoll(argv[2])};
    std::printf("%s\n", c::replay(*store, job).dump().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "replay_job: %s\n", error.what());
    return 1;
  }
}
