// Small networks with weights made here, for what a runtime is asked before a search: is its int8
// right, which kernels are fast, how fast is the machine now.
//
// Built as models are imported: opset 13, one input "images", batch 1, every node named.  The same
// numbers on every machine.
#pragma once

#include <string>
#include <vector>

#include "core/device_check.h"
#include "engine/graph/graph.h"
#include "engine/graph/tensor.h"

namespace pare::engine {

struct ProbeNetwork {
  std::string name;  // "silu", ...
  ModelTrait trait = ModelTrait::kAny;
  Graph graph;
  Tensor input;
};

// Networks whose int8 outputs tell right from wrong: an activation between two convolutions with
// many negative values (SiLU, LeakyRelu) and without (Relu), the same around a residual sum, a
// pooling and a concatenation, a depthwise layer, and large weights on large activations, whose
// products are beyond 16 bits two by two.
std::vector<ProbeNetwork> correctness_networks();

// A chain of layers of one class, `channels` wide throughout.
ProbeNetwork kernel_network(KernelClass kernel, int channels, int size);

// The names of the depthwise layers, sorted.
std::vector<std::string> depthwise_layers(const Graph& graph);

// The canary: four 3x3 convolutions, a few milliseconds on a processor of today.
ProbeNetwork canary_network();

}  // namespace pare::engine
