// How much hypervolume a plan is expected to add to a front.
//
// Objectives are minimised and independent, each normal.  With two of them exact, O(front); with
// more, the mean over kDraws points of a fixed low-discrepancy sequence, each O(hypervolume).
//
// Source: the strips of Emmerich, Deutz and Yevseyeva; Yang, Emmerich, Deutz and Bäck, Efficient
// Computation of Expected Hypervolume Improvement (2019).
#pragma once

#include <span>
#include <vector>

#include "search/surrogate/normal.h"

namespace pare::search {

class Improvement {
 public:
  static constexpr int kDraws = 64;

  // REQUIRES: a reference of at least one objective.
  explicit Improvement(std::vector<double> reference) : reference_(std::move(reference)) {}

  // A point that is not below the reference, or that the front dominates, changes nothing.
  void add(const std::vector<double>& point);

  // REQUIRES: one value an objective.
  double expected(std::span<const NormalValue> point) const;

  double hypervolume() const;

 private:
  double expected_in_strips(const NormalValue& first, const NormalValue& second) const;
  double gained(const std::vector<double>& point) const;

  std::vector<double> reference_;
  std::vector<std::vector<double>> front_;  // ascending by the first objective
};

}  // namespace pare::search
