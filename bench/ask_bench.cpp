// Question: how long does a strategy think for one plan after so many trials, what does it keep in
// memory, and how long does it take to restore one from its log?
//
// A space like a detector's, 60 widths, a resolution and a precision, on three targets; trials are
// random plans with an accuracy that the targets share and a latency each.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "search/random.h"
#include "search/strategy.h"

namespace pare::search {
namespace {

constexpr int kTargets = 3;

Space detector() {
  std::vector<Decision> decisions(62);
  for (Decision& d : decisions) {
    d.kind = DecisionKind::kLevel;
    d.choices = 8;
    d.original = 7;
  }
  decisions[60].choices = 6;
  decisions[61].kind = DecisionKind::kOption;
  decisions[61].choices = 2;
  for (Decision& d : decisions) d.original = d.choices - 1;
  return Space::of_decisions(std::move(decisions));
}

Genome random_plan(const Space& space, Random& random) {
  Genome genome;
  for (const Decision& d : space.decisions()) genome.choices.push_back(random.below(d.choices));
  return genome;
}

Observation measured(const Genome& genome, int trial, Random& random) {
  double kept = 0;
  for (std::size_t i = 0; i < 60; ++i) kept += genome.choices[i] / (7.0 * 60);
  const double size = genome.choices[60] / 5.0;
  const double error = 1 - 0.4 * std::sqrt(kept) * (0.5 + size / 2) + 0.01 * random.uniform();
  Observation out{TrialId{trial}, genome, {}, 1.0};
  for (int t = 0; t < kTargets; ++t) {
    const double latency = std::log(1 + (1 + 0.3 * t) * kept * size + 0.05 * random.uniform());
    out.targets.push_back({Status::kMeasured, {error, latency}, {}});
  }
  return out;
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

struct Run {
  Space space = detector();
  std::unique_ptr<Strategy> strategy;
  Random random{1, 1};
  int trials = 0;

  explicit Run(const char* name) : strategy(std::move(make_strategy(name, space, 1)).value()) {}

  void try_plan(const Genome& genome, bool asked) {
    if (!asked) strategy->replay_ask({&genome, 1});
    const Observation told = measured(genome, ++trials, random);
    strategy->tell({&told, 1});
  }
  void try_random(int count) {
    for (int i = 0; i < count; ++i) try_plan(random_plan(space, random), false);
  }
};

void ask(benchmark::State& state, const char* name) {
  const double before = resident_mib();
  Run run(name);
  run.try_random(static_cast<int>(state.range(0)));
  (void)run.strategy->ask(1);  // learns what was told at once; a job learns as it goes
  for (auto _ : state) {
    const std::vector<Genome> asked = run.strategy->ask(1);
    state.PauseTiming();
    run.try_plan(asked.front(), true);
    state.ResumeTiming();
  }
  state.counters["MiB"] = resident_mib() - before;
}
BENCHMARK_CAPTURE(ask, pare, "pare")
    ->Arg(100)
    ->Arg(500)
    ->Arg(1'000)
    ->Arg(2'000)
    ->Arg(10'000)
    ->Iterations(40)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ask, nsga2, "nsga2")
    ->Arg(100)
    ->Arg(1'000)
    ->Arg(2'000)
    ->Arg(10'000)
    ->Iterations(40)
    ->Unit(benchmark::kMillisecond);

// Everything up to the first plan that the restored strategy asks for.
void restore(benchmark::State& state, const char* name) {
  for (auto _ : state) {
    Run run(name);
    run.try_random(static_cast<int>(state.range(0)));
    benchmark::DoNotOptimize(run.strategy->ask(1));
  }
}
BENCHMARK_CAPTURE(restore, pare, "pare")->Arg(2'000)->Iterations(3)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(restore, nsga2, "nsga2")
    ->Arg(2'000)
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pare::search
