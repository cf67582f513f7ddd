#include "tests/simulation/ab_experiments.h"

#include <cmath>
#include <functional>
#include <random>

#include "core/check.h"
#include "engine/pipeline/comparison.h"

namespace pare::simulation {
namespace {

constexpr double kNoise = 0.02;  // of one block, as a logarithm

// Blocks of a true log ratio; stationary from the first one on.
std::function<Result<double>()> blocks(double truth, double correlation, std::uint64_t seed) {
  return [truth, correlation, random = std::mt19937_64(seed),
          normal = std::normal_distribution<double>(), state = 0.0, begun = false]() mutable {
    const double fresh = normal(random);
    state = begun ? correlation * state + std::sqrt(1 - correlation * correlation) * fresh : fresh;
    begun = true;
    return Result<double>(truth + kNoise * state);
  };
}

engine::LatencyAb run(double truth, double correlation, double margin, std::uint64_t seed) {
  engine::ComparisonOptions options;
  options.latency_margin = margin;
  const auto found = engine::compare_blocks(blocks(truth, correlation, seed), options,
                                            [](double, const std::string&) {});
  PARE_CHECK(found.has_value(), "made-up blocks do not fail");
  return found.value();
}

}  // namespace

AbCoverage ab_coverage(double correlation, int experiments, std::uint64_t seed) {
  AbCoverage out;
  for (int i = 0; i < experiments; ++i) {
    const std::uint64_t own = seed + static_cast<std::uint64_t>(i);
    // Equal candidates without a margin: the comparison ends before its budget only if the interval
    // loses the truth at some look.
    const auto equal = run(0, correlation, 0, own);
    out.at_every_look += equal.verdict == LatencyVerdict::kInconclusive ? 1 : 0;
    const double truth = std::log(0.95);
    const auto faster = run(truth, correlation, 0.03, own);
    out.at_its_end += std::log(faster.low) <= truth && truth <= std::log(faster.high) ? 1 : 0;
    out.mean_blocks += faster.blocks;
  }
  out.at_every_look /= experiments;
  out.at_its_end /= experiments;
  out.mean_blocks /= experiments;
  return out;
}

}  // namespace pare::simulation
