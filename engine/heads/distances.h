// Distances to the sides of a box as means of distributions: found in what a number computes.
// Private to engine/heads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/heads/tail_algebra.h"
#include "engine/heads/tail_tracer.h"

namespace pare::engine {

// constant + weight * mean, the mean being that over the bins 0, 1, 2, ... of one distribution.
struct MeanDistance {
  double constant = 0;
  double weight = 0;
  std::int32_t group = -1;  // of the softmax
  int bins = 0;
};

// nullopt: it is no such number.
std::optional<MeanDistance> mean_distance(const Formula& formula, const Atoms& atoms);

// The raw numbers of its bins, if they are neighbouring channels of one place of one map: that of
// bin 0.
std::optional<RawNumber> first_bin(const MeanDistance& distance, const TailTracer& tracer);

// Without what is left where terms cancel.
Formula without_dust(Formula formula);

// Left, top, right, bottom of four numbers: as they are, or of centre and size.
std::array<Formula, 4> corners_of(const std::array<Formula, 4>& numbers, bool from_centre);

}  // namespace pare::engine
