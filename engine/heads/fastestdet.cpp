#include "engine/heads/fastestdet.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kFirstClass = 5;
constexpr int kPerAxisSoftmax = 13;  // the opset; before it, Softmax flattened all that follows

class Recogniser {
 public:
  Recogniser(const Graph& graph, const Observation& observed)
      : graph_(graph), reader_(graph, observed) {}

  Result<HeadMatch> run() {
    if (graph_.outputs.size() != 1) {
      return not_this_head("it has " + std::to_string(graph_.outputs.size()) + " outputs, not one");
    }
    const std::string& output = graph_.outputs[0].name;
    const Shape& shape = reader_.shape_of(output);
    if (shape.size() != 4 || shape[0] != 1 || shape[1] <= kFirstClass) {
      return not_this_head("its output is " + text_of(shape) + ", not (1, 5 + classes, ny, nx)");
    }
    const auto classes = static_cast<int>(shape[1] - kFirstClass);
    const auto level = level_of(output, classes);
    if (!level) return near_ ? nearly_this_head(reader_.why()) : not_this_head(reader_.why());
    return HeadMatch{
        .head = "fastestdet", .classes = classes, .levels = {*level}, .outputs = {output}};
  }

 private:
  std::optional<HeadLevel> level_of(const std::string& output, int classes) {
    const Shape& shape = reader_.shape_of(output);
    const auto stride = reader_.stride_of(shape[2], shape[3]);
    const Node* join = !stride ? nullptr : reader_.concat_on(output, 1);
    if (join == nullptr) return std::nullopt;
    if (join->inputs.size() != 3) {
      return reader_.fail("Concat \"" + join->name + "\" joins " +
                          std::to_string(join->inputs.size()) +
                          " tensors, not objectness, box and classes");
    }
    near_ = true;
    const Node* objectness = reader_.made_by(join->inputs[0], "Sigmoid");
    if (objectness == nullptr) return std::nullopt;
    const auto scores = softmax_of(join->inputs[2]);
    if (!scores) return std::nullopt;
    HeadLevel level{.stride = *stride,
                    .tensors = {objectness->inputs[0], join->inputs[1], *scores}};
    const std::int64_t widths[] = {1, 4, classes};
    for (std::size_t i = 0; i < 3; ++i) {
      if (!reader_.is_map(level.tensors[i], widths[i])) return std::nullopt;
    }
    return level;
  }

  // What the softmax over the channels reads, with or without a Transpose before and after it.
  std::optional<std::string> softmax_of(const std::string& tensor) {
    std::vector<std::int64_t> before = {0, 1, 2, 3};
    std::vector<std::int64_t> after = before;
    const Node* softmax = nullptr;
    std::string raw;
    if (const Node* back = reader_.made_by(tensor, "Transpose")) {
      after = ints_attribute(*back, "perm", {});
      softmax = reader_.made_by(back->inputs[0], "Softmax");
      const Node* there =
          softmax == nullptr ? nullptr : reader_.made_by(softmax->inputs[0], "Transpose");
      if (there == nullptr) return std::nullopt;
      before = ints_attribute(*there, "perm", {});
      raw = there->inputs[0];
    } else {
      softmax = reader_.made_by(tensor, "Softmax");
      if (softmax == nullptr) return std::nullopt;
      raw = softmax->inputs[0];
    }
    if (over_channels(*softmax, before, after)) return raw;
    return reader_.fail("Softmax \"" + softmax->name + "\" is not taken over the channels");
  }

  bool over_channels(const Node& softmax, const std::vector<std::int64_t>& before,
                     const std::vector<std::int64_t>& after) const {
    if (before.size() != 4 || after.size() != 4) return false;
    for (std::size_t d = 0; d < 4; ++d) {
      if (before[static_cast<std::size_t>(after[d])] != static_cast<std::int64_t>(d)) return false;
    }
    const bool per_axis = graph_.opset >= kPerAxisSoftmax;
    const std::int64_t given = int_attribute(softmax, "axis", per_axis ? -1 : 1);
    const std::int64_t axis = given < 0 ? given + 4 : given;
    return axis >= 0 && axis < 4 && before[static_cast<std::size_t>(axis)] == 1 &&
           (per_axis || axis == 3);
  }

  const Graph& graph_;
  TailReader reader_;
  bool near_ = false;  // three tensors are joined
};

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  return Recogniser(graph, observed).run();
}

Result<Graph> attach(Graph body, const HeadMatch& match) {
  return with_tail(std::move(body), match.levels, match.outputs, [&](TailBuilder& tail) {
    const HeadLevel& level = match.levels[0];
    using Perm = std::vector<std::int64_t>;
    const std::string objectness = tail.add("Sigmoid", {level.tensors[0]});
    const std::string last =
        tail.add("Transpose", {level.tensors[2]}, {{"perm", Perm{0, 2, 3, 1}}});
    const std::string shares = tail.add("Softmax", {last}, {{"axis", std::int64_t{3}}});
    const std::string scores = tail.add("Transpose", {shares}, {{"perm", Perm{0, 3, 1, 2}}});
    tail.output("Concat", {objectness, level.tensors[1], scores}, {{"axis", std::int64_t{1}}},
                match.outputs[0], {1, kFirstClass + match.classes, tail.ny(level), tail.nx(level)});
  });
}

// The map, and where its cells lie.
struct Map {
  std::span<const float> values;
  std::int64_t cells = 0;
  std::int64_t nx = 0;
  double cell_width = 0;
  double cell_height = 0;

  double at(std::int64_t channel, std::int64_t cell) const {
    return static_cast<double>(values[static_cast<std::size_t>(channel * cells + cell)]);
  }
};

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

Box box_at(const Map& map, std::int64_t cell, int height, int width) {
  const double x = std::tanh(map.at(1, cell)) + static_cast<double>(cell % map.nx);
  const std::int64_t row = cell / map.nx;
  const double y = std::tanh(map.at(2, cell)) + static_cast<double>(row);
  const double w = sigmoid(map.at(3, cell)) * width;
  const double h = sigmoid(map.at(4, cell)) * height;
  return {x * map.cell_width - w / 2, y * map.cell_height - h / 2, w, h};
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  const Shape shape = outputs.size() == 1 ? outputs[0].shape() : Shape{};
  if (shape.size() != 4 || shape[0] != 1 || shape[1] <= kFirstClass || shape[2] < 1 ||
      shape[3] < 1 || height % shape[2] != 0 || width % shape[3] != 0 ||
      outputs[0].dtype() != DType::kFloat32) {
    return not_outputs_of("fastestdet", outputs, height, width,
                          "one of (1, 5 + classes, height / stride, width / stride)");
  }
  const Map map{outputs[0].values<float>(), shape[2] * shape[3], shape[3],
                static_cast<double>(width) / static_cast<double>(shape[3]),
                static_cast<double>(height) / static_cast<double>(shape[2])};
  std::vector<Detection> found;
  for (std::int64_t cell = 0; cell < map.cells; ++cell) {
    const double objectness = std::pow(map.at(0, cell), 0.6);
    if (!(objectness > score_threshold)) continue;  // no class is above 1
    const Box box = box_at(map, cell, height, width);
    for (std::int64_t c = kFirstClass; c < shape[1]; ++c) {
      const double score = objectness * std::pow(map.at(c, cell), 0.4);
      if (score > score_threshold) found.push_back({box, score, static_cast<int>(c - kFirstClass)});
    }
  }
  return found;
}

int classes_of(std::span<const Tensor> outputs) {
  return static_cast<int>(outputs[0].shape()[1] - kFirstClass);
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel&) {
  return {{0, 0, 1, ChannelKind::kObjectness},
          {1, 0, 2, ChannelKind::kTanhOffset},
          {1, 2, 2, ChannelKind::kSigmoidOffset},
          {2, 0, match.classes, ChannelKind::kCategory}};
}

}  // namespace

HeadDef head_fastestdet() {
  return {.name = "fastestdet",
          .preset = {.rgb = false,
                     .resize = Resize::kStretch,
                     .pad_value = 0,
                     .mean = {0, 0, 0},
                     .std = {255, 255, 255}},
          .recognise = recognise,
          .attach = attach,
          .decode = decode,
          .classes = classes_of,
          .roles = roles};
}

}  // namespace pare::engine
