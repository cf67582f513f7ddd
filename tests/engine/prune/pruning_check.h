// The property that pruning stands on: the original whose consumers have zero weights for the
// removed channels computes what the pruned graph computes.
#pragma once

#include <map>
#include <string>

#include "engine/prune/prune.h"

namespace pare::engine::test {

struct Analysed {
  Graph graph;
  Observation observed;
  Groups groups;
};
// Aborts where anything fails: a test cannot go on without it.
Analysed analyse(Graph graph);

// A seeded order of every group's units, the first ones covering every tensor.
UnitOrders random_orders(const Groups& groups, unsigned seed);
// A seeded width for about two groups of three.
std::map<std::string, int> random_widths(const Groups& groups, unsigned seed, int step = 1);

struct Comparison {
  double error = 0;  // largest difference / largest value of the muted original's outputs
  PrunedGraph pruned;
};
Comparison compare_with_muted(const Analysed& model, const RemovedUnits& removed, unsigned seed);

// Largest difference between two graphs' outputs, divided by the largest value of the second's.
double difference(const Graph& actual, const Graph& expected, unsigned seed);

// Outputs for a seeded image in [0, 1).
std::vector<Tensor> outputs_of(const Graph& graph, unsigned seed);

}  // namespace pare::engine::test
