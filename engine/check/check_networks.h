// The networks that a harness is checked with, made here: the same numbers on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/graph/tensor.h"

namespace pare::engine {

struct CheckNetwork {
  std::string name;
  Graph graph;
  std::vector<Tensor> inputs;
};

// Two outputs, "boxes" (1, 4, size / 2, size / 2) and one (1, channels, ...); SiLU between.
CheckNetwork two_outputs(int channels, int size = 32);

// One output (1, rows, 1) that is made by a Transpose, a Reshape and a Sigmoid, with a name that no
// file system and no identifier would take; sizes that no vector divides.
CheckNetwork odd_rows();

// What outputs are compared on: the two above, small nets as reality checks use them (SiLU, sums,
// pooling, depthwise, concatenation), and a whole detector of the zoo.
std::vector<CheckNetwork> compared_networks();

// Values in [-1, 1), the same for the same seed on every platform.
Tensor drawn_tensor(Shape shape, std::uint32_t seed);

// What the executor computes of it, in the order of the graph's outputs.
Result<std::vector<Tensor>> on_executor(const CheckNetwork& network);

// The largest difference over the range of `expected` (at least 1e-3); infinite where types or
// shapes differ or a value is not finite.  float32.
double apart(const Tensor& actual, const Tensor& expected);

}  // namespace pare::engine
