// A consumer of channels as matrices: y = W x + b, x as in its Gram.  Inside engine/prune only.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "core/result.h"
#include "engine/prune/prune.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

struct LinearLayer {
  Eigen::MatrixXd weights;      // outputs x (inputs x kernel + 1), the bias in the last column
  std::vector<Symbol> symbols;  // of each column but the last
};

// The fp32 constant that a node reads.  Fails with kUnsupported, naming the node, if it is another
// type or no constant of the graph.
Result<std::span<const float>> fp32_constant(const Graph& graph, const Node& node,
                                             std::size_t input);

// Fails as fp32_constant() does.
// REQUIRES: node `n` has a cut that consumes.
Result<LinearLayer> linear_layer(const Graph& graph, const Groups& groups, std::size_t n);

// The weights of a convolution of one group, as LinearLayer has them.  Fails as fp32_constant().
Result<Eigen::MatrixXd> conv_matrix(const Graph& graph, const Node& node);

// Which columns read each unit of a group (positions in Group::units).
std::vector<std::vector<Eigen::Index>> columns_by_unit(const LinearLayer& layer,
                                                       const Group& group);

// The bias is the last column and always stays.
std::vector<Eigen::Index> columns_that_stay(const LinearLayer& layer, const RemovedUnits& removed);

// Whether a node with these cuts reads channels that go, and can be refitted.
bool loses_inputs(const std::vector<Cut>& cuts, const RemovedUnits& removed);

// Whether a node reads channels that go, in whatever way.
bool changes_output(const Groups& groups, std::size_t n, const RemovedUnits& removed);

// The weights and the bias as the node's constants have them.
// REQUIRES: `layer` came from linear_layer() with the same arguments.
struct LayerConstants {
  Tensor weights, bias;
};
LayerConstants layer_constants(const LinearLayer& layer, const Graph& graph, const Groups& groups,
                               std::size_t n);

// The same of a convolution, for any number of input channels.
LayerConstants conv_constants(const Eigen::MatrixXd& matrix, const Graph& graph, const Node& node);

// The same for windows of `size`, square.
LayerConstants kernel_constants(const Eigen::MatrixXd& matrix, const Graph& graph, const Node& node,
                                std::int64_t size);

// The whole symmetric matrix, and back.
Eigen::MatrixXd dense(const Gram& gram);
Gram packed(const Eigen::MatrixXd& matrix, std::int64_t positions);

}  // namespace pare::engine
