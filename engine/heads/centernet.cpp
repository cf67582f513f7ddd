#include "engine/heads/centernet.h"

#include <algorithm>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/presets.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr std::size_t kOutputs = 3;
constexpr const char* kExpected =
    "(1, classes, height / stride, width / stride) and twice (1, 2, height / stride, width / "
    "stride)";

bool are_maps(std::span<const Shape> shapes) {
  if (shapes.size() != kOutputs) return false;
  const Shape& heat = shapes[0];
  if (heat.size() != 4 || heat[0] != 1 || heat[1] < 1 || heat[2] < 1 || heat[3] < 1) return false;
  const Shape pair = {1, 2, heat[2], heat[3]};
  return shapes[1] == pair && shapes[2] == pair;
}

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  TailReader reader(graph, observed);
  std::vector<Shape> shapes;
  std::vector<std::string> names;
  for (const TensorInfo& output : graph.outputs) {
    names.push_back(output.name);
    shapes.push_back(reader.shape_of(output.name));
  }
  if (!are_maps(shapes)) {
    return not_this_head(std::string("its outputs are not ") + kExpected);
  }
  const auto classes = static_cast<int>(shapes[0][1]);
  const auto stride = reader.stride_of(shapes[0][2], shapes[0][3]);
  const Node* sigmoid = !stride ? nullptr : reader.made_by(names[0], "Sigmoid");
  if (sigmoid == nullptr) return nearly_this_head(reader.why());
  HeadLevel level{.stride = *stride, .tensors = {sigmoid->inputs[0], names[1], names[2]}};
  const std::int64_t widths[] = {classes, 2, 2};
  for (std::size_t i = 0; i < kOutputs; ++i) {
    std::string& tensor = level.tensors[i];
    if (const Node* same = reader.made_by(tensor, "Identity")) tensor = same->inputs[0];
    if (!reader.is_map(tensor, widths[i])) return nearly_this_head(reader.why());
  }
  return HeadMatch{
      .head = "centernet", .classes = classes, .levels = {std::move(level)}, .outputs = names};
}

Result<Graph> attach(Graph body, const HeadMatch& match) {
  return append_centernet_tail(std::move(body), match.levels[0], match.classes, match.outputs);
}

// The three maps, and where their cells lie.
struct Maps {
  std::span<const float> heat, size, offset;
  std::int64_t ny = 0, nx = 0;
  double cell_height = 0, cell_width = 0;

  std::int64_t cells() const { return ny * nx; }

  // No neighbour of the cell says more; `plane` is the heat map of one class.
  bool is_peak(std::span<const float> plane, std::int64_t y, std::int64_t x) const {
    const float here = plane[static_cast<std::size_t>(y * nx + x)];
    for (std::int64_t v = std::max<std::int64_t>(0, y - 1); v <= std::min(ny - 1, y + 1); ++v) {
      for (std::int64_t u = std::max<std::int64_t>(0, x - 1); u <= std::min(nx - 1, x + 1); ++u) {
        if (plane[static_cast<std::size_t>(v * nx + u)] > here) return false;
      }
    }
    return true;
  }

  Box box_at(std::int64_t y, std::int64_t x) const {
    const auto first = static_cast<std::size_t>(y * nx + x);
    const auto second = first + static_cast<std::size_t>(cells());
    const double width = static_cast<double>(size[first]) * cell_width;
    const double height = static_cast<double>(size[second]) * cell_height;
    const double centre_x = (static_cast<double>(x) + double{offset[first]}) * cell_width;
    const double centre_y = (static_cast<double>(y) + double{offset[second]}) * cell_height;
    return {centre_x - width / 2, centre_y - height / 2, width, height};
  }
};

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  std::vector<Shape> shapes;
  for (const Tensor& output : outputs) {
    shapes.push_back(output.dtype() == DType::kFloat32 ? output.shape() : Shape{});
  }
  if (!are_maps(shapes) || height % shapes[0][2] != 0 || width % shapes[0][3] != 0) {
    return not_outputs_of("centernet", outputs, height, width, kExpected);
  }
  const std::int64_t ny = shapes[0][2];
  const std::int64_t nx = shapes[0][3];
  const Maps maps{outputs[0].values<float>(),
                  outputs[1].values<float>(),
                  outputs[2].values<float>(),
                  ny,
                  nx,
                  static_cast<double>(height) / static_cast<double>(ny),
                  static_cast<double>(width) / static_cast<double>(nx)};
  std::vector<Detection> found;
  for (std::int64_t c = 0; c < shapes[0][1]; ++c) {
    const auto plane = maps.heat.subspan(static_cast<std::size_t>(c * maps.cells()),
                                         static_cast<std::size_t>(maps.cells()));
    for (std::int64_t cell = 0; cell < maps.cells(); ++cell) {
      const double score = double{plane[static_cast<std::size_t>(cell)]};
      if (!(score > score_threshold) || !maps.is_peak(plane, cell / nx, cell % nx)) continue;
      found.push_back({maps.box_at(cell / nx, cell % nx), score, static_cast<int>(c)});
    }
  }
  return found;
}

int classes_of(std::span<const Tensor> outputs) {
  return static_cast<int>(outputs[0].shape()[1]);
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel&) {
  return {{0, 0, match.classes, ChannelKind::kClasses},
          {1, 0, 2, ChannelKind::kOffset},
          {2, 0, 2, ChannelKind::kOffset}};
}

}  // namespace

HeadDef head_centernet() {
  return {.name = "centernet",
          .preset = as_megvii(),
          .recognise = recognise,
          .attach = attach,
          .decode = decode,
          .classes = classes_of,
          .roles = roles};
}

Result<Graph> append_centernet_tail(Graph body, const HeadLevel& level, int classes,
                                    std::span<const std::string> outputs) {
  return with_tail(std::move(body), {&level, 1}, outputs, [&](TailBuilder& tail) {
    const std::int64_t ny = tail.ny(level);
    const std::int64_t nx = tail.nx(level);
    tail.output("Sigmoid", {level.tensors[0]}, {}, outputs[0], {1, classes, ny, nx});
    tail.pass(level.tensors[1], outputs[1], {1, 2, ny, nx});
    tail.pass(level.tensors[2], outputs[2], {1, 2, ny, nx});
  });
}

}  // namespace pare::engine
