// A head that is described, by the card or by a family that was recognised.
#include <algorithm>
#include <utility>

#include "engine/graph/messages.h"
#include "engine/heads/described_match.h"
#include "engine/heads/find.h"
#include "engine/heads/head.h"
#include "engine/heads/head_form.h"
#include "engine/heads/presets.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

Result<std::string> output_named(const Graph& graph, const Observation& observed,
                                 const HeadOutput& output, const std::string& field) {
  if (output.name.empty()) {
    if (std::cmp_less(output.index, graph.outputs.size())) {
      return graph.outputs[static_cast<std::size_t>(output.index)].name;
    }
    return bad_description(field + ".index", std::to_string(output.index),
                           "the model has " + std::to_string(graph.outputs.size()) + " outputs");
  }
  if (observed.shapes.contains(output.name)) return output.name;
  return bad_description(field + ".name", in_quotes(output.name),
                         "the model has no such output, and no such tensor");
}

std::vector<std::string> names_of(const std::vector<TensorInfo>& outputs) {
  std::vector<std::string> names;
  names.reserve(outputs.size());
  for (const TensorInfo& one : outputs) names.push_back(one.name);
  return names;
}

// With every output by its name, in the graph's order where it names them all.
Result<HeadDescription> named_in(const Graph& graph, const Observation& observed,
                                 HeadDescription description) {
  for (std::size_t o = 0; o < description.outputs.size(); ++o) {
    HeadOutput& output = description.outputs[o];
    const std::string field = "outputs[" + std::to_string(o) + "]";
    auto name = output_named(graph, observed, output, field);
    if (!name) return name.error();
    output.name = std::move(name).value();
    output.index = 0;
    for (std::size_t before = 0; before < o; ++before) {
      if (description.outputs[before].name != output.name) continue;
      return bad_description(field + ".name", in_quotes(output.name), "stands there twice");
    }
  }
  const auto names = names_of(graph.outputs);
  std::ranges::sort(description.outputs, {}, [&](const HeadOutput& output) {
    return std::ranges::find(names, output.name) - names.begin();
  });
  return description;
}

HeadDef described_head(std::string_view name, const HeadDescription& description) {
  const std::string named(name);
  const auto recognise = [=](const Graph& graph, const Observation& observed) {
    return recognise_described(named, description, graph, observed);
  };
  const auto decode = [=](std::span<const Tensor> outputs, int height, int width,
                          double score_threshold) {
    return decode_described(description, outputs, height, width, score_threshold);
  };
  const auto classes = [=](std::span<const Tensor> outputs) {
    std::vector<Shape> shapes;
    for (const Tensor& output : outputs) shapes.push_back(output.shape());
    return described_classes(description, shapes).value();
  };
  return {.name = named,
          .preset = as_ultralytics(),
          .recognise = recognise,
          .attach = attach_described,
          .decode = decode,
          .classes = classes,
          .roles = roles_of_described};
}

}  // namespace

Result<HeadDef> head_for(std::string_view name, const std::optional<HeadDescription>& description) {
  if (!description) return head_named(name);
  HeadDef head = described_head(name, *description);
  if (const auto known = head_named(name)) head.preset = known.value().preset;
  return head;
}

Result<HeadMatch> find_described_head(const Graph& graph, const Observation& observed,
                                      std::string_view name, const HeadDescription& description) {
  auto named = named_in(graph, observed, description);
  if (!named) return named.error();
  if (auto fine = check_description(named.value()); !fine) return fine.error();
  std::vector<std::string> tensors;
  for (const HeadOutput& output : named.value().outputs) tensors.push_back(output.name);
  const HeadDef head = described_head(name, named.value());
  const bool whole = tensors == names_of(graph.outputs);
  auto match = whole ? recognise_head(head, graph, observed)
                     : match_before(graph, observed, tensors, [&](const Graph& front) {
                         return recognise_head(head, front, observed);
                       });
  if (match) return match;
  return Error{ErrorCode::kInvalidArgument,
               "the head that the card describes does not fit the model: " + match.error().message};
}

}  // namespace pare::engine
