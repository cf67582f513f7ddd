#include "engine/heads/head.h"

#include <algorithm>
#include <utility>

#include "engine/heads/find.h"
#include "engine/heads/raw_tail.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

std::string names_of_all() {
  std::string names;
  for (const HeadDef& head : all_heads()) {
    names += (names.empty() ? "" : ", ") + head.name;
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

bool slides_a_window(const Node& node) {
  return node.domain.empty() &&
         (node.op == "Conv" || node.op == "MaxPool" || node.op == "AveragePool");
}

// Boxes may be predicted on a map that was made finer again (FastestDet): the sizes that fit are
// those of the coarsest map.  A map of one cell, as of a squeezed attention, has no stride.
int coarsest_stride(const Graph& graph, const Observation& observed) {
  const Shape& image = graph.inputs.front().shape;
  std::int64_t coarsest = 0;
  for (const Node& node : graph.nodes) {
    if (!slides_a_window(node)) continue;
    const auto shape = observed.shapes.find(node.outputs.front());
    if (shape == observed.shapes.end() || shape->second.size() != 4) continue;
    const std::int64_t ny = shape->second[2];
    const std::int64_t nx = shape->second[3];
    if (ny < 1 || nx < 1 || ny * nx == 1) continue;
    const std::int64_t stride = image[2] / ny;
    if (stride * ny == image[2] && stride * nx == image[3]) coarsest = std::max(coarsest, stride);
  }
  return static_cast<int>(coarsest);
}

}  // namespace

Result<HeadMatch> recognise_head(const HeadDef& head, const Graph& graph,
                                 const Observation& observed) {
  if (graph.inputs.size() != 1 || graph.inputs[0].shape.size() != 4) {
    return Error{ErrorCode::kUnsupported, "the model has not one image as its input"};
  }
  auto found = head.recognise(graph, observed);
  if (!found) return found;
  HeadMatch match = std::move(found).value();
  match.coarsest = coarsest_stride(graph, observed);
  return match;
}

int largest_stride(const HeadMatch& match) {
  if (match.head == kRawHead) return 0;
  int largest = std::max(1, match.coarsest);
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
  if (named == kRawHead) return raw_head(graph, observed);
  if (!named.empty()) {
    const auto head = head_named(named);
    if (!head) return head.error();
    const auto match = recognise_head(head.value(), graph, observed);
    if (match) return match;
    return Error{match.error().code, "this is not a detector with head \"" + std::string(named) +
                                         "\": " + match.error().message};
  }
  std::string nearest;  // first, before all that have little to do with it
  std::string others;
  for (const HeadDef& head : all_heads()) {
    const auto match = recognise_head(head, graph, observed);
    if (match) return match;
    const std::string& why = match.error().message;
    if (why.starts_with(kNearly)) {
      nearest += "; nearly " + head.name + ", " + why.substr(why.find("but "));
    } else {
      others += "; not " + head.name + ": " + why;
    }
  }
  return Error{ErrorCode::kUnsupported, "no head that Pare knows (" + names_of_all() +
                                            "); outputs are " + outputs_of(graph, observed) +
                                            nearest + others};
}

std::vector<ChannelRange> roles_of(const HeadMatch& match, const HeadLevel& level) {
  const auto head = head_for(match.head, match.description);
  return head ? head.value().roles(match, level) : std::vector<ChannelRange>{};
}

Result<Graph> attach_head(Graph body, const HeadMatch& match) {
  if (match.head == kRawHead) return attach_kept(std::move(body), match.tail);
  const auto head = head_for(match.head, match.description);
  if (!head) return head.error();
  auto attached = head.value().attach(std::move(body), match);
  if (!attached || match.behind.outputs.empty()) return attached;
  KeptTail behind = match.behind;
  if (attached.value().outputs != behind.reads) {  // another size: nobody knows its shapes yet
    for (TensorInfo& output : behind.outputs) std::ranges::fill(output.shape, kAnySize);
  }
  auto whole = attach_kept(std::move(attached).value(), behind);
  if (!whole) return whole;
  if (auto sound = verify(whole.value()); !sound) return sound.error();
  return whole;
}

}  // namespace pare::engine
