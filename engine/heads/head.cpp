#include "engine/heads/head.h"

#include <algorithm>

namespace pare::engine {
namespace {

std::string names_of_all() {
  std::string names;
  for (const HeadDef& head : all_heads()) {
    names += (names.empty() ? "" : ", ") + std::string(head.name);
  }
  return names;
}

std::string outputs_of(const Graph& graph, const Observation& observed) {
  std::string text;
  for (const TensorInfo& output : graph.outputs) {
    text += (text.empty() ? "" : ", ") + ("\"" + output.name + "\" (");
    const auto shape = observed.shapes.find(output.name);
    const Shape& dims = shape == observed.shapes.end() ? output.shape : shape->second;
    for (std::size_t i = 0; i < dims.size(); ++i) {
      text += (i == 0 ? "" : ", ") + std::to_string(dims[i]);
    }
    text += ")";
  }
  return text;
}

}  // namespace

int largest_stride(const HeadMatch& match) {
  int largest = 1;
  for (const HeadLevel& level : match.levels) largest = std::max(largest, level.stride);
  return largest;
}

Result<HeadDef> head_named(std::string_view name) {
  const auto heads = all_heads();
  const auto found = std::ranges::find(heads, name, &HeadDef::name);
  if (found != heads.end()) return *found;
  return Error{ErrorCode::kInvalidArgument,
               "head \"" + std::string(name) + "\": no such head; there are " + names_of_all()};
}

Result<HeadMatch> find_head(const Graph& graph, const Observation& observed,
                            std::string_view named) {
  if (!named.empty()) {
    const auto head = head_named(named);
    if (!head) return head.error();
    const auto match = head.value().recognise(graph, observed);
    if (match) return match;
    return Error{match.error().code, "this is not a detector with head \"" + std::string(named) +
                                         "\": " + match.error().message};
  }
  std::string reasons;
  for (const HeadDef& head : all_heads()) {
    const auto match = head.recognise(graph, observed);
    if (match) return match;
    reasons += "; not " + std::string(head.name) + ": " + match.error().message;
  }
  return Error{ErrorCode::kUnsupported, "no head that Pare knows (" + names_of_all() +
                                            "); outputs are " + outputs_of(graph, observed) +
                                            reasons};
}

}  // namespace pare::engine
