// Random numbers keyed by (seed, number of the draw), the same on every machine.
//
// A generator is made anew for each plan that is asked for, so a restored strategy needs no state
// of the generator, only the number of plans asked before.  The standard library's distributions
// differ between implementations; these do not.
//
// Source: SplitMix64, Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators (2014).
#pragma once

#include <cstdint>

namespace pare {

class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t number) noexcept
      : state_(mix(mix(seed + kGolden) ^ (number * kGolden + 1))) {}

  std::uint64_t next() noexcept {
    state_ += kGolden;
    return mix(state_);
  }

  // In [0, 1).
  double uniform() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

  // In [0, count).  The bias of the remainder is below count / 2^64.  REQUIRES: count > 0.
  int below(int count) noexcept {
    return static_cast<int>(next() % static_cast<std::uint64_t>(count));
  }

  bool chance(double probability) noexcept { return uniform() < probability; }

 private:
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15U;

  static constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  std::uint64_t state_;
};

}  // namespace pare
