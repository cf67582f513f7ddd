#include "search/levers/levers.h"

#include <algorithm>

namespace pare::search {

bool allows(const SpaceLimits& limits, Precision precision) {
  return std::ranges::find(limits.precisions, precision) != limits.precisions.end();
}

Result<std::vector<LeverPointer>> make_levers(const SpaceInputs& inputs) {
  std::vector<LeverPointer> levers;
  std::size_t next = 0;
  const auto add = [&](LeverPointer lever) {
    next += lever->decisions().size();
    levers.push_back(std::move(lever));
  };
  add(width_lever(inputs, next));
  auto resolution = resolution_lever(inputs, next);
  if (!resolution) return resolution.error();
  add(std::move(resolution).value());
  if (auto int8 = int8_lever(inputs, next)) {
    const std::size_t is_int8 = next;
    add(std::move(int8));
    add(kept_layers_lever(inputs, next, is_int8));
  }
  if (auto floats = floats_lever(inputs, next)) add(std::move(floats));
  std::vector<LeverPointer> parts{levers.front()};
  const LeverPointer depth = depth_lever(inputs, next, *levers.front());
  if (depth != nullptr) {
    add(depth);
    parts.push_back(depth);
  }
  if (const LeverPointer kernels = kernels_lever(inputs, next, depth)) {
    add(kernels);
    parts.push_back(kernels);
  }
  if (auto mixed = allocations_lever(inputs, next, std::move(parts))) add(std::move(mixed));
  if (auto weights = weights_lever(inputs, next)) add(std::move(weights));
  if (auto storage = storage_lever(inputs, next)) add(std::move(storage));
  return levers;
}

std::string describe(const Plan& plan, const ModelSummary& model) {
  std::string text;
  for (const auto words :
       {words_of_resolution, words_of_int8, words_of_kept_layers, words_of_floats, words_of_depth,
        words_of_kernels, words_of_width, words_of_weights, words_of_storage}) {
    const std::string part = words(plan, model);
    if (!text.empty() && !part.empty()) text += ", ";
    text += part;
  }
  return text;
}

}  // namespace pare::search
