#include "engine/train/distill/distillation.h"

#include <algorithm>
#include <utility>

#include "engine/train/distill/feature_loss.h"

namespace pare::engine {
namespace {

constexpr double kFeatures = 6;
constexpr double kEmphasis = 4;  // of a sure object over the background

torch::Tensor joined(const std::vector<torch::Tensor>& levels) {
  torch::Tensor best;
  for (const torch::Tensor& level : levels) {
    if (!best.defined()) {
      best = level;
    } else {
      const std::vector<std::int64_t> size{best.size(2), best.size(3)};
      best = torch::maximum(best, torch::upsample_nearest2d(level, size));
    }
  }
  return best;
}

}  // namespace

torch::Tensor place_weights(const torch::Tensor& scores, std::int64_t height, std::int64_t width) {
  const bool is_finer = height >= scores.size(2) && width >= scores.size(3);
  const std::vector<std::int64_t> size{height, width};
  const torch::Tensor here = is_finer ? torch::upsample_nearest2d(scores, size)
                                      : std::get<0>(torch::adaptive_max_pool2d(scores, size));
  const torch::Tensor weights = here * kEmphasis + 1;
  return weights / weights.mean();
}

Result<Distillation> Distillation::make(const ElasticBody& body,
                                        const std::vector<std::string>& traced) {
  auto module = GraphModule::make(body.graph, Trainable::kNothing);
  if (!module) return module.error();
  std::vector<std::string> outputs;
  for (const TensorInfo& output : body.graph.outputs) outputs.push_back(output.name);
  Distillation made(std::move(module).value(), head_channels(body.head, outputs), outputs.size());
  made.wanted_ = std::move(outputs);
  made.wanted_.insert(made.wanted_.end(), traced.begin(), traced.end());
  return made;
}

Result<TeacherSays> Distillation::teacher(const torch::Tensor& images) {
  const torch::NoGradGuard no_grad;
  auto values = module_.forward({images}, wanted_);
  if (!values) return values.error();
  TeacherSays says;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (i < outputs_) {
      says.heads.push_back(values.value()[i]);
    } else {
      says.traced[wanted_[i]] = {values.value()[i], inverse_variances(values.value()[i])};
    }
  }
  if (!head_.levels.empty()) says.scores = joined(object_scores(head_, says.heads));
  return says;
}

Result<Distillation::Loss> Distillation::loss(SubNetwork& student, const torch::Tensor& images,
                                              const TeacherSays& teacher) {
  const auto values = student.forward(images);
  if (!values) return values.error();
  torch::Tensor features = torch::zeros({});
  std::map<std::pair<std::int64_t, std::int64_t>, torch::Tensor> weights;
  double compared = 0;
  for (std::size_t i = 0; i < student.traced().size(); ++i) {
    const TracedLayer& layer = student.traced()[i];
    const torch::Tensor& own = values.value()[outputs_ + i];
    const auto said = teacher.traced.find(layer.tensor);
    if (said == teacher.traced.end()) continue;  // the original has no such layer
    const auto& [wanted, inverse] = said->second;
    ++compared;
    torch::Tensor& places = weights[{own.size(2), own.size(3)}];
    if (!places.defined()) {
      places = teacher.scores.defined() ? place_weights(teacher.scores, own.size(2), own.size(3))
                                        : torch::ones({own.size(0), 1, own.size(2), own.size(3)});
    }
    features = features + feature_loss(own, wanted, layer.rows, inverse, places);
  }
  features = features * (kFeatures / std::max(1.0, compared));
  const torch::Tensor heads = head_loss(head_, values.value(), teacher.heads);
  return Loss{features + heads, features.item<double>(), heads.item<double>()};
}

}  // namespace pare::engine
