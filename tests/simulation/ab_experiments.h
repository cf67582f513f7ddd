// A/B comparisons of two candidates whose true ratio is known, with noise that remembers: how often
// what is reported holds.  The same seed gives the same experiments.
#pragma once

#include <cstdint>

namespace pare::simulation {

struct AbCoverage {
  double at_every_look = 0;  // share of experiments whose interval held after each of 60 blocks
  double at_its_end = 0;     // share whose interval held when the comparison had decided
  double mean_blocks = 0;    // until it had
};

// `correlation` of the noise of neighbouring blocks, an autoregressive process of first order.
AbCoverage ab_coverage(double correlation, int experiments, std::uint64_t seed);

}  // namespace pare::simulation
