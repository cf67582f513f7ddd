#include "engine/train/graph/torch_script.h"

#include <torch/csrc/jit/frontend/tracer.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/train/graph/graph_module.h"
#include "engine/train/graph/torch_tensor.h"

namespace pare::engine {
namespace {

// Nothing that is computed depends on the values: these are as good as any, and no exact zeros.
Result<torch::Tensor> example_of(const TensorInfo& input) {
  if (input.shape.empty() || std::ranges::any_of(input.shape, [](auto d) { return d <= 0; })) {
    return Error{ErrorCode::kUnsupported,
                 "input " + input.name + ": its shape is open, and TorchScript is traced over one"};
  }
  return torch::full(input.shape, 0.5F).to(torch_type(input.dtype));
}

std::vector<std::string> names_of(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : tensors) names.push_back(tensor.name);
  return names;
}

torch::jit::Stack packed(const std::vector<torch::Tensor>& outputs) {
  if (outputs.size() == 1) return {outputs[0]};
  return {c10::ivalue::Tuple::create({outputs.begin(), outputs.end()})};
}

}  // namespace

Result<torch::jit::Module> to_torch_script(const Graph& graph) {
  auto made = GraphModule::make(graph, Trainable::kNothing);
  if (!made) return made.error();
  GraphModule network = std::move(made).value();
  torch::jit::Stack examples;
  for (const TensorInfo& input : graph.inputs) {
    auto example = example_of(input);
    if (!example) return example.error();
    examples.emplace_back(std::move(example).value());
  }
  const torch::NoGradGuard no_grad;
  const std::vector<std::string> wanted = names_of(graph.outputs);
  Result<std::vector<torch::Tensor>> outputs = std::vector<torch::Tensor>{};
  const auto run = [&](const torch::jit::Stack& inputs) {
    std::vector<torch::Tensor> tensors;
    for (const auto& input : inputs) tensors.push_back(input.toTensor());
    outputs = network.forward(tensors, wanted);
    return outputs ? packed(outputs.value()) : torch::jit::Stack{examples[0]};
  };
  torch::jit::Module module("Detector");
  const auto no_name = [](const torch::Tensor&) { return std::string(); };
  const auto traced = torch::jit::tracer::trace(examples, run, no_name, /*strict=*/true,
                                                /*force_outplace=*/false, &module);
  if (!outputs) return outputs.error();
  auto* forward = module._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*module.type()->name(), "forward"), traced.first->graph);
  module.type()->addMethod(forward);
  return module;
}

}  // namespace pare::engine
