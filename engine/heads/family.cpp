#include "engine/heads/family.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/heads/described_match.h"
#include "engine/heads/described_numbers.h"
#include "engine/heads/head_form.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"
#include "engine/heads/tail_tracer.h"

namespace pare::engine {
namespace {

constexpr int kFinest = 4;
constexpr int kCoarsest = 128;

Result<HeadMatch> first_that_fits(const std::string& head, const Candidates& candidates,
                                  const Graph& graph, const Observation& observed) {
  const auto descriptions = candidates(graph, observed);
  if (!descriptions) return descriptions.error();
  std::optional<Error> why;
  for (const HeadDescription& description : descriptions.value()) {
    auto match = recognise_described(head, description, graph, observed);
    if (match) return match;
    if (!why ||
        (match.error().message.starts_with(kNearly) && !why->message.starts_with(kNearly))) {
      why = match.error();
    }
  }
  return *why;
}

// An output in one of the layouts of rows, if it has so many; of one stride: its own.
std::optional<ShapedOutput> as_rows(const std::string& name, const Shape& shape, std::int64_t rows,
                                    int stride) {
  ShapedOutput made{{.name = name, .stride = stride, .columns = {}}, 0};
  const bool batch = shape.size() > 2;
  if (batch && shape[0] != 1) return std::nullopt;
  if (shape.size() == 4 && shape[2] == 1 && shape[1] == rows) {
    made.output.layout = HeadLayout::kRowsOfOne;
    made.columns = shape[3];
    return made;
  }
  if (shape.size() != 2 && shape.size() != 3) return std::nullopt;
  const std::int64_t first = shape[shape.size() - 2], second = shape.back();
  if (first != rows && second != rows) return std::nullopt;
  made.output.batch = batch;
  made.output.layout = first == rows ? HeadLayout::kRows : HeadLayout::kColumnsFirst;
  made.columns = first == rows ? second : first;
  return made;
}

std::optional<ShapedOutput> as_level(const std::string& name, const Shape& shape,
                                     const Shape& image, int stride, int boxes) {
  const std::int64_t ny = cells_along(image[2], stride), nx = cells_along(image[3], stride);
  ShapedOutput made{{.name = name, .stride = stride, .columns = {}}, 0};
  if (shape.size() == 4 && shape[0] == 1 && shape[2] == ny && shape[3] == nx &&
      shape[1] % boxes == 0) {
    made.output.layout = HeadLayout::kMaps;
    made.columns = shape[1] / boxes;
    return made;
  }
  if (shape.size() == 5 && shape[0] == 1 && shape[1] == boxes && shape[2] == ny && shape[3] == nx) {
    made.output.layout = HeadLayout::kAnchorMaps;
    made.columns = shape[4];
    return made;
  }
  return as_rows(name, shape, ny * nx * boxes, stride);
}

}  // namespace

HeadDef family_head(const std::string& name, const Preprocessing& preset,
                    const Candidates& candidates) {
  return {
      .name = name,
      .preset = preset,
      .recognise =
          [=](const Graph& graph, const Observation& observed) {
            return first_that_fits(name, candidates, graph, observed);
          },
      .attach = attach_described,
      .decode = [=](std::span<const Tensor>, int, int, double) -> Result<std::vector<Detection>> {
        return Error{ErrorCode::kInvalidArgument,
                     "head " + name +
                         " is read by the head_description of the model's card, "
                         "and the card has none"};
      },
      .classes = [](std::span<const Tensor>) { return 0; },
      .roles = roles_of_described};
}

std::vector<ShapedOutput> outputs_of_rows(const Graph& graph, const Observation& observed) {
  const TailReader reader(graph, observed);
  if (graph.outputs.empty()) return {};
  Shape dims = reader.shape_of(graph.outputs[0].name);
  std::ranges::sort(dims, std::ranges::greater());
  for (const std::int64_t rows : dims) {
    std::vector<ShapedOutput> found;
    for (const TensorInfo& output : graph.outputs) {
      auto one = as_rows(output.name, reader.shape_of(output.name), rows, 0);
      if (one) found.push_back(std::move(*one));
    }
    if (found.size() == graph.outputs.size()) return found;
  }
  return {};
}

OutputsOfLevels outputs_of_levels(const Graph& graph, const Observation& observed, int boxes) {
  const TailReader reader(graph, observed);
  OutputsOfLevels found;
  std::set<int> strides;
  for (const TensorInfo& output : graph.outputs) {
    const Shape& shape = reader.shape_of(output.name);
    std::optional<ShapedOutput> one;
    for (int stride = kFinest; stride <= kCoarsest && !one; stride *= 2) {
      one = as_level(output.name, shape, graph.inputs[0].shape, stride, boxes);
    }
    if (!one) return {};
    strides.insert(one->output.stride);
    found.outputs.push_back(std::move(*one));
  }
  found.strides.assign(strides.begin(), strides.end());
  return found;
}

std::optional<FirstNumber> first_number(const Graph& graph, const Observation& observed,
                                        const std::string& output) {
  using enum HeadFunction;
  const TailReader reader(graph, observed);
  TailTracer tracer(graph, observed);
  const Formula* number = tracer.number(output, 0);
  if (number == nullptr) return std::nullopt;
  for (const HeadFunction function : {kNone, kSigmoid, kExp, kRelu, kSoftmax}) {
    const std::int32_t atom = number->single();
    const bool share = atom >= 0 && tracer.atoms().at(atom).kind == AtomKind::kShare;
    const std::size_t members =
        share ? tracer.atoms().at(tracer.atoms().at(atom).tensor).of.size() : 0;
    const auto found = behind(*number, function, tracer, 0, static_cast<int>(members));
    if (!found) continue;
    return FirstNumber{function, found->scale, reader.shape_of(found->raw.tensor)[1]};
  }
  return std::nullopt;
}

HeadColumns scores_of(const Graph& graph, const Observation& observed, const std::string& output,
                      HeadPart part, HeadFunction function) {
  const auto first = first_number(graph, observed, output);
  return {part, function, first && first->function == function};
}

std::vector<HeadDescription> boxes_and_classes(const Graph& graph, const Observation& observed,
                                               const HeadBox& box, const HeadColumns& classes) {
  auto rows = outputs_of_rows(graph, observed);
  std::vector<HeadDescription> found;
  for (std::size_t boxes = 0; rows.size() == 2 && boxes < 2; ++boxes) {
    if (rows[boxes].columns != 4) continue;
    HeadDescription one{.box = box};
    for (std::size_t o = 0; o < 2; ++o) {
      one.outputs.push_back(rows[o].output);
      one.outputs[o].columns = {o == boxes ? HeadColumns{HeadPart::kBox} : classes};
    }
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace pare::engine
