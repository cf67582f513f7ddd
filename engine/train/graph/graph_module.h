// A Graph as a differentiable torch program: the same graph is trained and exported, so there is no
// second description of the network that could differ.
//
// Weights and biases of convolutions and the scale and bias of batch normalisation are parameters;
// every other constant keeps its value.  The batch may be any size, whatever the graph says.
//
// Running statistics of batch normalisation are updated by forward() while training.  Not
// thread-safe.  Cost of a forward: torch's operators; nodes that the wanted tensors do not need are
// not run, and which these are is found out once for each list of wanted tensors.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/train/graph/schedule.h"

namespace pare::engine {

struct TrainableParameter {
  std::string name;  // of the constant in the graph
  torch::Tensor value;
  bool decays = false;  // weight decay is for kernels, not for biases and scales
  bool scales = false;  // a batch normalisation's factors
};

enum class Trainable : bool { kNothing, kWeights };

class GraphModule {
 public:
  using Values = std::map<std::string, torch::Tensor>;

  // Fails with kUnsupported, naming the node, if an operator has no torch form.
  // With kNothing there are no parameters.
  static Result<GraphModule> make(const Graph& graph, Trainable trainable = Trainable::kWeights);

  // `inputs` in the order of the graph's inputs; `instead`: what constants are in this call, by
  // name.  Fails with kInvalidArgument, naming the node, if a tensor does not fit or a wanted one
  // does not exist.
  Result<std::vector<torch::Tensor>> forward(const std::vector<torch::Tensor>& inputs,
                                             const std::vector<std::string>& wanted,
                                             const Values& instead = {});

  void set_training(bool training) { training_ = training; }
  const std::vector<TrainableParameter>& parameters() const { return parameters_; }
  // Running means and variances, by the names of their constants.
  const Values& statistics() const { return statistics_; }

  // The graph with the present weights and statistics.
  Graph to_graph() const;

 private:
  explicit GraphModule(Graph graph) : graph_(std::move(graph)) {}
  void adopt_constants(Trainable trainable);
  Result<const Schedule*> schedule_for(const std::vector<std::string>& wanted);

  Graph graph_;
  bool training_ = false;
  std::vector<TrainableParameter> parameters_;
  Values statistics_;
  Values constants_;                                        // every one, shared with the two above
  std::map<std::vector<std::string>, Schedule> schedules_;  // by what is wanted
};

}  // namespace pare::engine
