// How a job decides what to try next: ask for plans, tell what they measured.
//
// A strategy sees no clock, thread, socket or file, and draws every random number from the
// generator keyed by (seed, number of the ask).  Same seed, same sequence of calls, same plans: the
// order of asks and tells is stored, which is how the coordinator recovers after a crash.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "search/space.h"

namespace pare::search {

enum class Status : std::uint8_t { kMeasured, kInfeasible };

// What each layer of a plan takes, in the order of the space's layers, and the objective that is
// the logarithm of their sum, but for what is the same for every plan.
struct LayerTimes {
  std::size_t objective = 0;
  std::vector<double> ms;
};

// What one target said of a plan.
struct TargetObservation {
  Status status = Status::kMeasured;
  std::vector<double> objectives;         // minimised, in the job's order; empty if infeasible
  std::vector<double> violations;         // <= 0 where the constraint holds
  std::optional<LayerTimes> layers = {};  // where they were timed
};

struct Observation {
  TrialId trial;  // its number in the job
  Genome genome;
  std::vector<TargetObservation> targets;  // in the job's order
};

class Strategy {
 public:
  virtual ~Strategy() = default;

  // At most `count` new genomes, canonical and never asked before; fewer (or none) means the space
  // has nothing left to offer.
  virtual std::vector<Genome> ask(int count) = 0;

  // What ask() answered before a restart.  Puts the strategy into the state it was in then, without
  // the work of proposing.
  virtual void replay_ask(std::span<const Genome> genomes) = 0;

  // Results may arrive in any order and long after the ask(); an infeasible one is information.
  virtual void tell(std::span<const Observation> observations) = 0;

  // What kept the last ask() from proposing as this strategy does, for people; empty: nothing.
  virtual std::string trouble() const { return {}; }
};

// The objectives beyond which a plan is of no use on a target, from what the original measured
// there: as many, in the same order.  Whoever searches need not look there.  Pure.
using WorstOfUse = std::function<std::vector<double>(const std::vector<double>& original)>;

// Every file in search/strategies, sorted by name.
std::vector<std::string_view> strategy_names();

// The strategy keeps a copy of the space, and is told what is usable (usable.h).  Without `worst`
// every plan is of use.  kInvalidArgument if no strategy has that name.
Result<std::unique_ptr<Strategy>> make_strategy(std::string_view name, const Space& space,
                                                std::uint64_t seed, WorstOfUse worst = {});

// Asks for `seeds`, in their order, before anything that `inner` proposes.
std::unique_ptr<Strategy> with_seeds(std::vector<Genome> seeds, std::unique_ptr<Strategy> inner);

}  // namespace pare::search
