// What integers of a quantized network stand for, while it is turned back into floating point.
// Private to engine/passes: the rules of dequantize.h are written in it, one file a family.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// real = scale (integer - zero), one entry for all or one a channel.
struct IntegerGrid {
  std::vector<float> scale;
  std::vector<std::int64_t> zero;
  DType dtype = DType::kUint8;
  friend bool operator==(const IntegerGrid&, const IntegerGrid&) = default;
};

class RealValues {
 public:
  explicit RealValues(Graph graph) : graph_(std::move(graph)) {}

  const Graph& graph() const { return graph_; }

  // Null if it depends on the image, or comes out of nodes.
  const Tensor* constant(const std::string& tensor) const;

  // The grid that two inputs of a node say; an absent zero point is 0 of uint8.  Fails with
  // kUnsupported, naming the node, where they are no constants.
  Result<IntegerGrid> grid(const Node& node, std::size_t scale, std::size_t zero) const;

  // The floats behind a node's input: those that were quantized to `grid`, or a constant's numbers,
  // whose channels, where the grid has more than one, lie along `axis`.  Fails with kUnsupported,
  // naming the node, if nobody knows, or they were quantized otherwise.
  Result<std::string> real(const Node& node, std::size_t input, const IntegerGrid& grid,
                           int axis = 0);

  // Null where an integer tensor is not known to stand for floats.
  struct Known {
    std::string real;
    IntegerGrid grid;
  };
  const Known* known(const std::string& integers) const;

  // From here on `integers` are `real`, rounded to `grid`.
  void stands_for(const std::string& integers, const std::string& real, const IntegerGrid& grid);
  // The same of what a layer made: a Relu or Clip that the range stands for is put behind it.
  void stands_for_activation(const std::string& integers, const std::string& real,
                             const IntegerGrid& grid);

  // Sums of products of integers: floats now, for whoever casts them to float.
  void sums(const std::string& tensor) { sums_.emplace(tensor); }
  bool is_sum(const std::string& tensor) const { return sums_.contains(tensor); }

  // The tensor is this constant from here on.
  void becomes(const std::string& tensor, Tensor constant) {
    graph_.constants.insert_or_assign(tensor, std::move(constant));
  }

  void emit(Node node) { nodes_.push_back(std::move(node)); }
  std::string add_constant(const std::string& wanted, Tensor tensor);
  std::string fresh(const std::string& wanted) const { return fresh_name(graph_, wanted); }
  void count_layer() { ++layers_; }

  // The graph of what was emitted.
  Graph finish() &&;
  int layers() const { return layers_; }

 private:
  // What makes the tensor in the new network; null: an input or a constant.
  const Node* maker(const std::string& tensor) const;
  bool may_have_lost_its_relu(const std::string& tensor) const;

  Graph graph_;
  std::vector<Node> nodes_;
  std::map<std::string, Known> known_;
  std::set<std::string> sums_;
  int layers_ = 0;
};

std::vector<std::int64_t> integers_of(const Tensor& tensor);

// Numbers of integers on a grid.  REQUIRES: an integer tensor; one entry of the grid, or as many as
// the dimension `axis` has.
Tensor on_grid(const Tensor& integers, const IntegerGrid& grid, int axis);

// What a rule emits for one node; false: the node stays as it is.
using RealRule = Result<bool> (*)(const Node& node, RealValues& values);

// A family a file.
Result<bool> real_of_quantize(const Node& node, RealValues& values);
Result<bool> real_of_dequantize(const Node& node, RealValues& values);
Result<bool> real_of_dynamic_quantize(const Node& node, RealValues& values);
Result<bool> real_of_moved_integers(const Node& node, RealValues& values);
Result<bool> real_of_cast(const Node& node, RealValues& values);
Result<bool> real_of_reshape(const Node& node, RealValues& values);
Result<bool> real_of_scale(const Node& node, RealValues& values);
Result<bool> real_of_qlinear_conv(const Node& node, RealValues& values);
Result<bool> real_of_qlinear_matmul(const Node& node, RealValues& values);
Result<bool> real_of_qgemm(const Node& node, RealValues& values);
Result<bool> real_of_conv_integer(const Node& node, RealValues& values);
Result<bool> real_of_matmul_integer(const Node& node, RealValues& values);
Result<bool> real_of_matmul_integer_to_float(const Node& node, RealValues& values);
Result<bool> real_of_dynamic_quantize_matmul(const Node& node, RealValues& values);
Result<bool> real_of_qlinear_binary(const Node& node, RealValues& values);
Result<bool> real_of_qlinear_unary(const Node& node, RealValues& values);
Result<bool> real_of_qlinear_concat(const Node& node, RealValues& values);

// Emits `op` on floats in the place of a node that rounds its output by the inputs `scale` and
// `zero`.  `reads` are floats already.
Result<bool> emit_rounded(const Node& node, RealValues& values, const std::string& op,
                          std::vector<std::string> reads, std::size_t scale, std::size_t zero);

// `node` is not understood: its name, then why.
Error not_turned_back(const Node& node, const std::string& why);

}  // namespace pare::engine
