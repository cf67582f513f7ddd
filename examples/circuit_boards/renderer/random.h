// Random numbers that are the same on every machine and with every standard library.
//
// The distributions of <random> are not fixed by the standard, so that a seed would mean another
// board elsewhere.  One object an image; not thread-safe.
//
// Source: SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

namespace pare::examples {

class Random {
 public:
  // Streams of the same seed and different numbers have nothing in common.
  Random(std::uint64_t seed, std::uint64_t stream) noexcept : state_(seed) {
    state_ = next() ^ (stream * 0x9e3779b97f4a7c15U);
    (void)next();
  }

  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  // In [0, 1).
  double unit() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  double between(double low, double high) noexcept { return low + (high - low) * unit(); }
  bool chance(double probability) noexcept { return unit() < probability; }

  // In [low, high].
  // REQUIRES: low <= high.
  int whole(int low, int high) noexcept {
    return low + static_cast<int>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  // REQUIRES: count > 0.
  std::size_t index(std::size_t count) noexcept { return next() % count; }

  // Standard normal (Box and Muller 1958).
  double normal() noexcept {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - unit()));
    return radius * std::cos(2.0 * std::numbers::pi * unit());
  }

 private:
  std::uint64_t state_;
};

}  // namespace pare::examples
