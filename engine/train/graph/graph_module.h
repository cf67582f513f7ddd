// A Graph as a differentiable torch program: the same graph is trained and exported, so there is no
// second description of the network that could differ.
//
// Weights and biases of convolutions and the scale and bias of batch normalisation are parameters;
// every other constant keeps its value.  The batch may be any size, whatever the graph says.
//
// Running statistics of batch normalisation are updated by forward() while training.  Not
// thread-safe.  Cost of a forward: torch's operators; nodes that the wanted tensors do not need are
// not run.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

struct TrainableParameter {
  std::string name;  // of the constant in the graph
  torch::Tensor value;
  bool decays = false;  // weight decay is for kernels, not for biases and scales
};

class GraphModule {
 public:
  // Fails with kUnsupported, naming the node, if an operator has no torch form.
  static Result<GraphModule> make(const Graph& graph);

  // `inputs` in the order of the graph's inputs.  Fails with kInvalidArgument, naming the node, if
  // a tensor does not fit or a wanted one does not exist.
  Result<std::vector<torch::Tensor>> forward(const std::vector<torch::Tensor>& inputs,
                                             const std::vector<std::string>& wanted);

  void set_training(bool training) { training_ = training; }
  const std::vector<TrainableParameter>& parameters() const { return parameters_; }
  // Running means and variances, by the names of their constants.
  const std::map<std::string, torch::Tensor>& statistics() const { return statistics_; }

  // The graph with the present weights and statistics.
  Graph to_graph() const;

 private:
  explicit GraphModule(Graph graph) : graph_(std::move(graph)) {}
  void adopt_constants();
  std::vector<bool> needed_for(const std::vector<std::string>& wanted) const;

  Graph graph_;
  bool training_ = false;
  std::vector<TrainableParameter> parameters_;
  std::map<std::string, torch::Tensor> statistics_;
  std::map<std::string, torch::Tensor> constants_;  // every one, shared with the two above
};

}  // namespace pare::engine
