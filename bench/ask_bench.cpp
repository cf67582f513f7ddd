// Question: how long does a strategy think for one plan after so many trials, what does it keep in
// memory, and how long does it take to restore one from its log?
//
// A space like a detector's, 60 widths, resolutions and int8, on three targets; trials are random
// plans with an accuracy that the targets share and a latency each, in the first ones of each
// layer.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "core/random.h"
#include "search/draw.h"
#include "search/strategy.h"

namespace pare::search {
namespace {

constexpr int kTargets = 3;
constexpr int kLayers = 60;
constexpr int kTimed = 40;  // trials, as a job times their layers

// A chain of convolutions, each with a group of channels that the next one reads.
Space detector() {
  ModelSummary model;
  model.card.height = model.card.width = 416;
  model.stride = 32;
  for (int i = 0; i < kLayers; ++i) {
    const std::string name = "layer" + std::to_string(i);
    const std::string next = "layer" + std::to_string(i + 1);
    ChannelGroup group{name, 64, {}, {name}, {next}};
    for (int width = 8; width <= group.channels; width += 8) group.widths.push_back(width);
    model.groups.push_back(group);
    model.layers.push_back({name, "Conv", {3, 3}, 64, 64, 1, 1000, 1000});
  }
  return std::move(Space::make(model, {}, Recovery::kReconstruct)).value();
}

Observation measured(const Space& space, const Genome& genome, int trial, Random& random) {
  const std::vector<LayerSetting> settings = space.layer_settings(genome);
  double kept = 0;
  std::vector<double> ms;
  for (const LayerSetting& setting : settings) {
    kept += setting.outputs / kLayers;
    ms.push_back((0.1 + setting.pixels * setting.outputs) * (setting.int8 ? 0.7 : 1));
  }
  const double size = std::sqrt(settings.front().pixels);
  const double error = 1 - 0.4 * std::sqrt(kept) * (0.5 + size / 2) + 0.01 * random.uniform();
  const double whole = std::accumulate(ms.begin(), ms.end(), 0.0);
  Observation out{TrialId{trial}, genome, {}};
  for (int t = 0; t < kTargets; ++t) {
    const double latency = std::log(1 + (1 + 0.3 * t) * whole + 0.05 * random.uniform());
    out.targets.push_back({Status::kMeasured, {error, latency}, {}});
    if (trial <= kTimed) out.targets.back().layers = LayerTimes{1, ms};
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
    const Observation told = measured(space, genome, ++trials, random);
    strategy->tell({&told, 1});
  }
  void try_random(int count) {
    for (int i = 0; i < count; ++i) try_plan(draw_mild(space, random), false);
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
