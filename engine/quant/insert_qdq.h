// Turns a graph into one whose chosen layers compute in int8: QuantizeLinear / DequantizeLinear
// pairs (QDQ) around them, as runtimes read and fuse them.
//
// Activations are uint8, or uint16 (in ONNX Runtime's own domain, as opsets before 21 have none),
// one scale a tensor; weights int8, symmetric, one scale an output channel; biases int32. Operators
// that only move values keep their input's scale, Sigmoid's output has the fixed range [0, 1], and
// nothing stands between a convolution and the Relu or Clip that a runtime folds into it.  Whatever
// reads the output of an int8 node, fp32 nodes and the graph's outputs too, reads it behind its DQ:
// a second reader before the Q would keep the runtime from fusing the node.  With the placement
// kSiluBlocks nothing stands between a convolution and the SiLU behind it either; the block's end
// is quantized instead if an int8 layer reads it, and then for all who read it. The names of a
// pair's constants are scale_name() and the like, so that training can put its own in their place.
//
// Source: ONNX operators QuantizeLinear-13 and DequantizeLinear-13; Jacob et al., "Quantization and
// Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/plan.h"
#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/quant/sources.h"

namespace pare::engine {

// How the int8 weights stand in the graph.
enum class WeightForm : std::uint8_t {
  kInteger,    // int8 behind a DequantizeLinear: what runtimes fuse
  kSimulated,  // fp32 with the values that int8 leaves: no runtime finds an int8 kernel in that, so
               // it computes what exact int8 arithmetic would, wherever it runs
};

// The constant that holds the scale of an activation with a Q/DQ pair.
std::string scale_name(const std::string& tensor);

// A node that the plan would have in int8 and that cannot be.
struct NotLowered {
  std::string node;
  std::string reason;
};

struct QuantizedGraph {
  Graph graph;
  std::vector<std::string> int8_layers;  // names of the convolutions that became int8
  std::vector<NotLowered> not_lowered;   // in the order of the nodes
  // By activation with a Q/DQ pair: the one whose values chose its scale; none where it is fixed.
  std::map<std::string, std::string> scaled_by;
};

// The plan's equalization is not applied here: `graph` is what equalize() made of it.
//
// A node that cannot be lowered stays in fp32, with its reason, and nothing else suffers: a
// convolution whose weights are no float32 constant of rank 4, are not finite or come with a bias
// that is not float32; one that reads or makes a tensor whose values nobody kept (`sources` answer
// kNotFound), that is not finite or holds nothing but zeros.
//
// `kept`: names of layers that stay in fp32, sorted.  Fails with kInvalidArgument if one of them is
// no layer, kUnsupported below opset 13 (no
// per-channel scales), and as `sources` do with any other error.  Cost: one pass over nodes and
// weights, and what the calibration and the rounding of the plan cost.
Result<QuantizedGraph> insert_qdq(const Graph& graph, const QuantizationPlan& plan,
                                  const QuantizationSources& sources,
                                  WeightForm form = WeightForm::kInteger,
                                  const std::vector<std::string>& kept = {});

}  // namespace pare::engine
