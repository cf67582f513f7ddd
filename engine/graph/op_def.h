// What the engine must know about one operator.  An operator is one .cpp file in engine/ops.
//
// Nobody computes here: shapes are observed by running the model, values come from the executor.
// What only Pare knows is how channels flow through an operator, what of the node changes when
// some of them go, and what the operator costs.  Functions are pure; ChannelFlow belongs to one
// analysis and one thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/graph/layout.h"

namespace pare::engine {

// Hands out new symbols, unites and freezes them (union-find behind it).
class ChannelFlow {
 public:
  virtual ~ChannelFlow() = default;
  virtual std::vector<Symbol> fresh(std::int64_t count) = 0;
  virtual void unite(Symbol a, Symbol b) = 0;
  // The first reason given for a symbol stays.
  virtual void freeze(Symbol symbol, std::string_view reason) = 0;
};

// One node with what was observed of it.
struct NodeView {
  const Node& node;
  int opset = 0;
  std::span<const Shape> input_shapes;  // an absent optional input has an empty one
  std::span<const Shape> output_shapes;
  // The value of each input that does not depend on the image, else null.
  std::span<const Tensor* const> constants;

  bool has_input(std::size_t i) const { return i < node.inputs.size() && !node.inputs[i].empty(); }
  const Tensor* constant(std::size_t i) const { return has_input(i) ? constants[i] : nullptr; }
};

// What a constant's slices mean to the network.
enum class CutRole : std::uint8_t {
  kProduces,  // one slice makes one output channel (rows of a convolution, its bias)
  kConsumes,  // one slice reads one input channel (columns of a convolution); a repair can refit it
  kReads,     // the same in a layer that no repair is fitted to (a convolution in groups, MatMul)
  kCarries,   // one slice accompanies one channel (BatchNormalization, depthwise, Mul by (1,C,1,1))
};

// Dimension `axis` of constant input `input` counts channels: a slice goes when its symbol goes.
struct Cut {
  int input = 0;
  int axis = 0;
  CutRole role = CutRole::kCarries;
  std::vector<Symbol> symbols;
};

// The node adds up what `input` holds along `axis`: for what goes, that counts as zero.
struct Contraction {
  int input = 0;
  int axis = 0;
  std::vector<Symbol> symbols;
};

struct NodeFlow {
  std::vector<Layout> outputs;
  std::vector<Cut> cuts;
  std::vector<Contraction> contractions = {};
};

// What is left along each dimension that loses something; a dimension not named keeps all.
using KeptAxes = std::map<int, std::vector<std::int64_t>>;

// What changes in a node besides its cuts.
struct NodeEdit {
  std::map<std::string, Attribute> attributes;  // set to these
  std::vector<std::string> dropped_attributes;
  std::map<std::size_t, Tensor> constants;  // inputs that become these constants
};

struct OpDef {
  std::string_view onnx_type;
  // Layouts of the outputs, given those of the inputs (fixed for constants).  An Error: this use of
  // the operator is not understood, and what reaches the node is frozen with the message.
  Result<NodeFlow> (*flow)(const NodeView& node, std::span<const Layout> inputs,
                           ChannelFlow& flow) = nullptr;
  // Multiply-accumulates for the shapes seen.
  std::int64_t (*macs)(const NodeView& node) = nullptr;
  // Attributes and constants that name channel counts or positions.  Null: there are none.
  Result<NodeEdit> (*edit)(const NodeView& node, std::span<const KeptAxes> inputs,
                           std::span<const KeptAxes> outputs) = nullptr;
  // The output holds elements of the first input, each unchanged, and nothing else.
  bool moves_only = false;
};

// Null if `ops`, sorted by type, has none of that type.
const OpDef* find_op(std::span<const OpDef> ops, std::string_view onnx_type);

// Shapes and constants of one node, in the lifetime of the graph and the observation.
// Fails with kInvalidArgument, naming the tensor, if a shape was not observed.
struct NodeFacts {
  std::vector<Shape> input_shapes;
  std::vector<Shape> output_shapes;
  std::vector<const Tensor*> constants;

  NodeView view(const Node& node, int opset) const {
    return {node, opset, input_shapes, output_shapes, constants};
  }
};
Result<NodeFacts> facts_of(const Node& node, const Graph& graph, const Observation& observed);

}  // namespace pare::engine
