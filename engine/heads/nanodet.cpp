#include "engine/heads/nanodet.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kSides = 4;
const std::vector<std::vector<int>> kStrides = {{8, 16, 32}, {8, 16, 32, 64}};

// What one output was read as.
struct Part {
  std::string output;
  std::string map;  // raw, (1, channels, ny, nx)
  std::int64_t channels = 0;
  int stride = 0;
  bool scores = false;  // otherwise distances
};

class Recogniser {
 public:
  Recogniser(const Graph& graph, const Observation& observed)
      : graph_(graph), reader_(graph, observed) {}

  Result<HeadMatch> run() {
    HeadMatch match;
    match.head = "nanodet";
    std::vector<Part> parts;
    for (const TensorInfo& output : graph_.outputs) {
      match.outputs.push_back(output.name);
      auto part = part_of(output.name);
      if (!part) return not_this_head(reader_.why());
      parts.push_back(std::move(*part));
    }
    for (const std::vector<int>& strides : kStrides) {
      if (parts.size() != 2 * strides.size()) continue;
      for (const int stride : strides) {
        auto level = level_of(parts, stride, match);
        if (!level) return not_this_head(reader_.why());
        match.levels.push_back(std::move(*level));
      }
      return match;
    }
    return not_this_head("it has " + std::to_string(parts.size()) +
                         " outputs, not scores and distances at 8, 16, 32 or 8, 16, 32, 64");
  }

 private:
  std::optional<Part> part_of(const std::string& output) {
    const Node* rows = reader_.rows_last(output);
    const Node* flat = rows == nullptr ? nullptr : reader_.cells_last(rows->inputs[0]);
    if (flat == nullptr) return std::nullopt;
    const Shape& map = reader_.shape_of(flat->inputs[0]);
    const auto stride = reader_.stride_of(map[2], map[3]);
    if (!stride) return std::nullopt;
    const Node* sigmoid = reader_.made_by(flat->inputs[0], "Sigmoid");
    return Part{.output = output,
                .map = sigmoid == nullptr ? flat->inputs[0] : sigmoid->inputs[0],
                .channels = map[1],
                .stride = *stride,
                .scores = sigmoid != nullptr};
  }

  std::optional<HeadLevel> level_of(const std::vector<Part>& parts, int stride, HeadMatch& match) {
    std::vector<const Part*> here;
    for (const Part& part : parts) {
      if (part.stride == stride) here.push_back(&part);
    }
    if (here.size() != 2 || !here[0]->scores || here[1]->scores) {
      return reader_.fail("at the stride " + std::to_string(stride) +
                          " the outputs are not scores and then distances");
    }
    const auto [scores, distances] = std::pair(here[0], here[1]);
    const auto bins = static_cast<int>(distances->channels / kSides);
    const auto classes = static_cast<int>(scores->channels);
    if (match.levels.empty()) std::tie(match.classes, match.bins) = std::pair(classes, bins);
    if (distances->channels % kSides != 0 || bins < 2 || classes != match.classes ||
        bins != match.bins) {
      return reader_.fail("at the stride " + std::to_string(stride) + " there are " +
                          std::to_string(classes) + " classes and distances of " +
                          std::to_string(distances->channels) +
                          " channels, not four times as many bins as at the other strides");
    }
    auto tensors = raw_of(*scores, *distances);
    if (!tensors) return std::nullopt;
    return HeadLevel{.stride = stride,
                     .tensors = std::move(*tensors),
                     .outputs = {scores->output, distances->output}};
  }

  // One convolution for both, or one for each.
  std::optional<std::vector<std::string>> raw_of(const Part& scores, const Part& distances) {
    const Node* split = reader_.made_by(scores.map, "Split");
    if (split == nullptr) {
      if (!reader_.is_map(scores.map, scores.channels)) return std::nullopt;
      if (!reader_.is_map(distances.map, distances.channels)) return std::nullopt;
      return std::vector{scores.map, distances.map};
    }
    const std::int64_t axis = int_attribute(*split, "axis", 0);
    if ((axis != 1 && axis != -3) || split->outputs != std::vector{scores.map, distances.map}) {
      return reader_.fail("Split \"" + split->name + "\" does not part scores from distances");
    }
    if (!reader_.is_map(split->inputs[0], scores.channels + distances.channels)) {
      return std::nullopt;
    }
    return std::vector{split->inputs[0]};
  }

  const Graph& graph_;
  TailReader reader_;
};

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  return Recogniser(graph, observed).run();
}

Result<Graph> attach(Graph body, const HeadMatch& match) {
  return with_tail(std::move(body), match.levels, match.outputs, [&](TailBuilder& tail) {
    const std::int64_t widths[] = {match.classes, kSides * match.bins};
    for (const HeadLevel& level : match.levels) {
      std::vector<std::string> raw = level.tensors;
      if (raw.size() == 1) raw = tail.split(raw[0], 1, {widths[0], widths[1]});
      raw[0] = tail.add("Sigmoid", {raw[0]});
      const std::int64_t cells = tail.ny(level) * tail.nx(level);
      for (std::size_t i = 0; i < 2; ++i) {
        tail.output("Transpose", {tail.reshape(raw[i], {1, widths[i], cells})},
                    {{"perm", std::vector<std::int64_t>{0, 2, 1}}}, level.outputs[i],
                    {1, cells, widths[i]});
      }
    }
  });
}

// Scores and distances of one stride.
struct LevelOutputs {
  const Tensor* scores = nullptr;
  const Tensor* distances = nullptr;
  int stride = 0;
};

bool is_rows(const Tensor& output) {
  return output.dtype() == DType::kFloat32 && output.shape().size() == 3 && output.shape()[0] == 1;
}

// Empty if these are not the outputs for an input of this size.
std::vector<LevelOutputs> levels_of(std::span<const Tensor> outputs, int height, int width) {
  std::vector<LevelOutputs> levels;
  if (outputs.size() % 2 != 0 || !std::ranges::all_of(outputs, is_rows)) return {};
  for (const std::vector<int>& strides : kStrides) {
    if (outputs.size() != 2 * strides.size()) continue;
    for (const int stride : strides) {
      std::vector<const Tensor*> here;
      const std::int64_t cells = std::int64_t{height / stride} * (width / stride);
      for (const Tensor& output : outputs) {
        if (output.shape()[1] == cells) here.push_back(&output);
      }
      if (here.size() != 2) return {};
      levels.push_back({here[0], here[1], stride});
    }
  }
  for (const LevelOutputs& level : levels) {
    const std::int64_t columns = level.distances->shape()[2];
    if (level.scores->shape()[2] != levels[0].scores->shape()[2] || columns % kSides != 0 ||
        columns < 2 * kSides) {
      return {};
    }
  }
  return levels;
}

// Expectation of the softmax over the bins, in cells.
double distance(const float* bins, std::int64_t count) {
  const float highest = *std::max_element(bins, bins + count);
  double sum = 0;
  double weighted = 0;
  for (std::int64_t bin = 0; bin < count; ++bin) {
    const double share = std::exp(static_cast<double>(bins[bin] - highest));
    sum += share;
    weighted += share * static_cast<double>(bin);
  }
  return weighted / sum;
}

Box box_at(const LevelOutputs& level, std::int64_t cell, std::int64_t nx) {
  const std::int64_t columns = level.distances->shape()[2];
  const std::int64_t bins = columns / kSides;
  const float* v = &level.distances->values<float>()[static_cast<std::size_t>(cell * columns)];
  const auto stride = static_cast<double>(level.stride);
  const double x = (static_cast<double>(cell % nx) + 0.5) * stride;
  const std::int64_t row = cell / nx;
  const double y = (static_cast<double>(row) + 0.5) * stride;
  const double left = distance(v, bins) * stride;
  const double top = distance(v + bins, bins) * stride;
  return {x - left, y - top, left + distance(v + 2 * bins, bins) * stride,
          top + distance(v + 3 * bins, bins) * stride};
}

void read_level(const LevelOutputs& level, int width, double threshold,
                std::vector<Detection>& found) {
  const Shape& shape = level.scores->shape();
  const auto scores = level.scores->values<float>();
  for (std::int64_t cell = 0; cell < shape[1]; ++cell) {
    std::optional<Box> box;
    for (std::int64_t c = 0; c < shape[2]; ++c) {
      const double score =
          static_cast<double>(scores[static_cast<std::size_t>(cell * shape[2] + c)]);
      if (!(score > threshold)) continue;
      if (!box) box = box_at(level, cell, width / level.stride);
      found.push_back({*box, score, static_cast<int>(c)});
    }
  }
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  const auto levels = levels_of(outputs, height, width);
  if (levels.empty()) {
    return not_outputs_of("nanodet", outputs, height, width,
                          "(1, cells, classes) and (1, cells, 4 * bins) for each stride");
  }
  std::vector<Detection> found;
  for (const LevelOutputs& level : levels) read_level(level, width, score_threshold, found);
  return found;
}

int classes_of(std::span<const Tensor> outputs) {
  // The scores of the first stride come before its distances, and those of the others before
  // theirs: whatever comes first are scores.
  return static_cast<int>(outputs[0].shape()[2]);
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel& level) {
  const bool apart = level.tensors.size() == 2;
  return {{0, 0, match.classes, ChannelKind::kClasses},
          {apart ? std::size_t{1} : 0, apart ? 0 : match.classes,
           static_cast<int>(kSides) * match.bins, ChannelKind::kDistribution}};
}

}  // namespace

HeadDef head_nanodet() {
  return {.name = "nanodet",
          .preset = {.rgb = false,
                     .resize = Resize::kStretch,
                     .pad_value = 0,
                     .mean = {103.53, 116.28, 123.675},
                     .std = {57.375, 57.12, 58.395}},
          .recognise = recognise,
          .attach = attach,
          .decode = decode,
          .classes = classes_of,
          .roles = roles};
}

}  // namespace pare::engine
