// Random numbers that depend on what they are for, not on how many were drawn before: a run that
// goes on from a checkpoint draws what an uninterrupted one would have.
//
// splitmix64: equal keys give equal numbers on every platform.  A value for one thread.
#pragma once

#include <cstdint>

namespace pare::engine {

class KeyedRandom {
 public:
  KeyedRandom(std::uint64_t seed, std::uint64_t step, std::uint64_t item)
      : state_(mixed(mixed(mixed(seed) ^ step) ^ item)) {}

  std::uint64_t bits() { return mixed(state_ += kGolden); }
  // In [0, 1).
  double unit() { return static_cast<double>(bits() >> 11U) * 0x1.0p-53; }
  double between(double low, double high) { return low + (high - low) * unit(); }
  // In [0, count).  REQUIRES: count > 0.
  std::uint64_t below(std::uint64_t count) { return bits() % count; }
  bool chance(double share) { return unit() < share; }

 private:
  static constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15U;

  static std::uint64_t mixed(std::uint64_t z) {
    z += kGolden;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  std::uint64_t state_;
};

}  // namespace pare::engine
