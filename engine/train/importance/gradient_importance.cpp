#include "engine/train/importance/gradient_importance.h"

#include <algorithm>
#include <utility>

#include "engine/train/importance/output_probe.h"
#include "engine/train/importance/unit_gates.h"

namespace pare::engine {
namespace {

// Nodes that read channels of a unit.
std::vector<std::size_t> consumers_of(const Groups& groups) {
  std::vector<std::size_t> nodes;
  for (std::size_t n = 0; n < groups.cuts.size(); ++n) {
    if (std::ranges::find(groups.cuts[n], CutRole::kConsumes, &Cut::role) != groups.cuts[n].end()) {
      nodes.push_back(n);
    }
  }
  return nodes;
}

// Sums over images and probes.
struct Sums {
  torch::Tensor taylor, fisher;
  std::vector<torch::Tensor> worth;  // of each consumer's outputs
  double count = 0;
};

// A gradient's square at each channel, summed over everything else.
torch::Tensor by_channel(const torch::Tensor& gradient) {
  const torch::Tensor square = gradient.square().transpose(0, 1);
  return square.reshape({square.size(0), -1}).sum(1);
}

void add_probe(const std::vector<torch::Tensor>& gradients, Sums& sums) {
  sums.taylor += gradients[0].abs();
  sums.fisher += gradients[0].square() / 2;
  for (std::size_t i = 0; i < sums.worth.size(); ++i) {
    if (!gradients[i + 1].defined()) continue;
    const torch::Tensor own = by_channel(gradients[i + 1]);
    sums.worth[i] = sums.worth[i].defined() ? sums.worth[i] + own : own;
  }
  ++sums.count;
}

std::vector<double> numbers(const torch::Tensor& values) {
  const torch::Tensor flat = values.to(torch::kFloat64).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

}  // namespace

Result<GradientImportance> gradient_importance(const ElasticBody& body,
                                               std::span<const torch::Tensor> images,
                                               const GradientOptions& options) {
  if (images.empty()) {
    return Error{ErrorCode::kInvalidArgument, "importance by gradients needs images, there are 0"};
  }
  const auto gates = UnitGates::make(body.graph, body.groups);
  if (!gates) return gates.error();
  auto made_module = GraphModule::make(body.graph, Trainable::kNothing);
  if (!made_module) return made_module.error();
  GraphModule module = std::move(made_module).value();
  const std::vector<std::size_t> consumers = consumers_of(body.groups);
  std::vector<std::string> wanted;
  for (const TensorInfo& output : body.graph.outputs) wanted.push_back(output.name);
  const HeadChannels head = head_channels(body.head, wanted);
  const std::size_t outputs = wanted.size();
  for (const std::size_t n : consumers) wanted.push_back(body.graph.nodes[n].outputs[0]);
  Sums sums{torch::zeros({gates.value().size()}), torch::zeros({gates.value().size()}),
            std::vector<torch::Tensor>(consumers.size()), 0};
  for (std::size_t i = 0; i < images.size(); ++i) {
    const torch::Tensor open = torch::ones({gates.value().size()}).requires_grad_();
    const auto values = module.forward({images[i]}, wanted, gates.value().gated(open));
    if (!values) return values.error();
    const auto split = values.value().begin() + static_cast<std::ptrdiff_t>(outputs);
    const std::vector<torch::Tensor> said(values.value().begin(), split);
    std::vector<torch::Tensor> asked{open};
    asked.insert(asked.end(), split, values.value().end());
    for (int p = 0; p < options.probes; ++p) {
      const std::uint64_t seed = options.seed + i * static_cast<std::uint64_t>(options.probes) +
                                 static_cast<std::uint64_t>(p);
      add_probe(torch::autograd::grad(said, asked, output_probe(head, said, seed),
                                      /*retain_graph=*/true, false, /*allow_unused=*/true),
                sums);
    }
  }
  if (!sums.fisher.isfinite().all().item<bool>()) {
    return Error{ErrorCode::kInvalidArgument, "importance by gradients: one is not finite"};
  }
  GradientImportance made{gates.value().by_group(sums.taylor / sums.count),
                          gates.value().by_group(sums.fisher / sums.count),
                          {}};
  for (std::size_t i = 0; i < consumers.size(); ++i) {
    if (!sums.worth[i].defined()) continue;
    made.worth[body.graph.nodes[consumers[i]].name] = numbers(sums.worth[i] / sums.count);
  }
  return made;
}

}  // namespace pare::engine
