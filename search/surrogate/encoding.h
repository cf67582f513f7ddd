// A genome as the surrogates see it: one column a decision; where several decisions offer the same
// number of options, one for each option's count; and where the space knows what choices are
// expected to cost and to save, one for each of those sums.
//
// With many decisions those of one kind share a length scale: a job's few trials cannot tell a
// hundred of them.  Of more than kMostLevels choices (a group of over 2,048 channels) neighbours
// share a level.  A plain value; any thread may read it.
#pragma once

#include <vector>

#include "search/space.h"
#include "search/surrogate/kernel.h"

namespace pare::search {

class Encoding {
 public:
  explicit Encoding(const Space& space);

  const std::vector<Column>& columns() const noexcept { return columns_; }

  // REQUIRES: a genome of the space.
  Code operator()(const Genome& genome) const;

 private:
  // An expectation summed over the decisions, in as many levels as a column has.
  struct Sum {
    std::vector<std::vector<double>> of_choice;  // [decision][choice]
    double largest = 0;
  };
  // How many of some decisions chose one option.
  struct Count {
    std::vector<std::size_t> decisions;
    int option = 0;
  };
  int next_group() const;
  void add_counts(const Space& space);
  void add_sum(const Space& space, double Expected::*what);

  std::vector<std::size_t> choices_;  // of each decision
  std::vector<Column> columns_;
  std::vector<Count> counts_;
  std::vector<Sum> sums_;
};

}  // namespace pare::search
