// The loss of a sub-network against its original, without labels.
//
//   L = 6 x mean over layers of feature_loss + head_loss
//
// Places count by how sure the original is of an object there: 1 + 4 times its score, mean 1.
// Cost: feature_loss.h for each layer behind the first that lost inputs.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "engine/train/distill/head_loss.h"
#include "engine/train/elastic/sub_network.h"

namespace pare::engine {

// What the original says of a batch.
struct TeacherSays {
  std::vector<torch::Tensor> heads;
  struct Traced {
    torch::Tensor map, inverse_variances;
  };
  std::map<std::string, Traced> traced;  // by tensor
  torch::Tensor scores;                  // (B, 1, h, w), the finest level's size; undefined
                                         // where the outputs are not understood
};

class Distillation {
 public:
  // `traced`: tensors that any sub-network may be compared by.  Fails as GraphModule::make().
  static Result<Distillation> make(const ElasticBody& body, const std::vector<std::string>& traced);

  // Without gradients.  Fails as GraphModule::forward().
  Result<TeacherSays> teacher(const torch::Tensor& images);

  struct Loss {
    torch::Tensor total;  // a scalar, with gradients unless they are off
    double features = 0, heads = 0;
  };
  Result<Loss> loss(SubNetwork& student, const torch::Tensor& images, const TeacherSays& teacher);

 private:
  Distillation(GraphModule module, HeadChannels head, std::size_t outputs)
      : module_(std::move(module)), head_(std::move(head)), outputs_(outputs) {}

  GraphModule module_;
  HeadChannels head_;
  std::size_t outputs_;
  std::vector<std::string> wanted_;  // outputs, then traced
};

// `scores` as weights for a map of another size, mean 1.
torch::Tensor place_weights(const torch::Tensor& scores, std::int64_t height, std::int64_t width);

}  // namespace pare::engine
