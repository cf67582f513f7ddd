#include "engine/heads/nanodet_plus.h"

#include <cmath>
#include <optional>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/presets.h"
#include "engine/heads/row_layout.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"
#include "engine/heads/tail_tracer.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kBinsOfSide = 8;
constexpr std::int64_t kOfBox = 4 * kBinsOfSide;
const std::vector<std::vector<int>> kStridesOfRows = {{8, 16, 32}, {8, 16, 32, 64}};

class PlusRecogniser {
 public:
  PlusRecogniser(const Graph& graph, const Observation& observed)
      : graph_(graph), reader_(graph, observed), tracer_(graph, observed) {}

  Result<HeadMatch> run() {
    const auto layout = only_rows_of(graph_, reader_, kOfBox + 1, "(1, rows, classes + 32)");
    if (!layout) return layout.error();
    output_ = graph_.outputs[0].name;
    layout_ = layout.value();
    HeadMatch match{.head = "nanodet_plus",
                    .classes = static_cast<int>(layout_.columns - kOfBox),
                    .outputs = {output_},
                    .bins = kBinsOfSide,
                    .columns_first = layout_.columns_first,
                    .batch = layout_.batch};
    std::vector<int> strides;
    for (std::int64_t row = 0; row < layout_.rows;) {
      auto level = level_from(row);
      if (!level) return near_ ? nearly_this_head(tracer_.why()) : not_this_head(tracer_.why());
      strides.push_back(level->stride);
      match.levels.push_back(std::move(*level));
    }
    if (strides == kStridesOfRows[0] || strides == kStridesOfRows[1]) return match;
    return nearly_this_head("its strides are not 8, 16, 32 or 8, 16, 32, 64");
  }

 private:
  // Of a class the raw number behind its sigmoid, of a bin the raw number.
  std::optional<RawNumber> origin(std::int64_t row, std::int64_t column) {
    const Formula* number = tracer_.number(output_, layout_.place(row, column));
    if (number == nullptr) return std::nullopt;
    const bool score = column < layout_.columns - kOfBox;
    const Formula* of = score ? tracer_.inside(*number, AtomKind::kSigmoid) : number;
    const auto raw = of == nullptr ? std::nullopt : tracer_.raw(*of);
    if (raw && raw->weight == 1) return raw;
    return tracer_.fail("column " + std::to_string(column) + " of row " + std::to_string(row) +
                        " of \"" + output_ + "\" " + text_of(layout_.shape()) +
                        (score ? " is not the sigmoid of a raw number" : " is no raw number"));
  }

  std::optional<HeadLevel> level_from(std::int64_t& row) {
    tracer_.forget();
    const std::int64_t classes = layout_.columns - kOfBox;
    const auto score = origin(row, 0);
    const auto bin = score ? origin(row, classes) : std::nullopt;
    if (!bin) return std::nullopt;
    near_ = true;
    const Shape map = reader_.shape_of(score->tensor);
    const auto stride = reader_.stride_of(map[2], map[3]);
    if (!stride) return tracer_.fail(reader_.why());
    HeadLevel level{.stride = *stride, .tensors = {score->tensor}};
    const bool joint = bin->tensor == score->tensor;
    if (!joint) level.tensors.push_back(bin->tensor);
    const std::int64_t cells = map[2] * map[3];
    bool fits = row + cells <= layout_.rows;
    for (std::int64_t cell = 0; fits && cell < cells; ++cell) {
      if (!is_looked_at(cell, map[2], map[3])) continue;
      tracer_.forget();
      for (std::int64_t column = 0; column < layout_.columns; ++column) {
        const auto raw = origin(row + cell, column);
        if (!raw) return std::nullopt;
        const bool of_box = column >= classes;
        fits = fits && raw->tensor == (of_box ? bin->tensor : score->tensor) &&
               raw->channel == (of_box && !joint ? column - classes : column) &&
               raw->y * map[3] + raw->x == cell;
      }
    }
    row += cells;
    if (fits && reader_.is_map(level.tensors[0], joint ? layout_.columns : classes) &&
        (joint || reader_.is_map(level.tensors[1], kOfBox))) {
      return level;
    }
    return tracer_.fail("the rows of \"" + output_ + "\" " + text_of(layout_.shape()) +
                        " are not the cells of \"" + score->tensor + "\" " + text_of(map));
  }

  const Graph& graph_;
  TailReader reader_;
  TailTracer tracer_;
  std::string output_;
  RowLayout layout_;
  bool near_ = false;  // a row begins with a score, and a bin
};

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  return PlusRecogniser(graph, observed).run();
}

Result<Graph> attach(Graph body, const HeadMatch& match) {
  RowLayout layout{.columns = match.classes + kOfBox,
                   .columns_first = match.columns_first,
                   .batch = match.batch};
  auto whole = with_tail(
      std::move(body), match.levels, match.outputs,
      [&](TailBuilder& tail) {
        std::vector<std::string> levels;
        for (const HeadLevel& level : match.levels) {
          std::vector<std::string> raw = level.tensors;
          if (raw.size() == 1) raw = tail.split(raw[0], 1, {match.classes, kOfBox});
          const std::string map = tail.add("Concat", {tail.add("Sigmoid", {raw[0]}), raw[1]},
                                           {{"axis", std::int64_t{1}}});
          const std::int64_t cells = tail.ny(level) * tail.nx(level);
          const std::string flat = tail.reshape(map, {1, layout.columns, cells});
          levels.push_back(
              tail.add("Transpose", {flat}, {{"perm", std::vector<std::int64_t>{0, 2, 1}}}));
          layout.rows += cells;
        }
        output_levels(tail, levels, layout, match.outputs[0]);
      },
      SizesOf::kAny);
  if (whole && !layout.is_clear()) return not_clear(layout);
  return whole;
}

std::int64_t rows_for(const std::vector<int>& strides, int height, int width) {
  std::int64_t rows = 0;
  for (const int stride : strides) rows += cells_along(height, stride) * cells_along(width, stride);
  return rows;
}

Result<std::vector<Detection>> decode(std::span<const Tensor> outputs, int height, int width,
                                      double score_threshold) {
  const auto layout = row_layout_of(outputs, kOfBox + 1);
  const std::vector<int>* strides = nullptr;
  for (const std::vector<int>& known : kStridesOfRows) {
    if (layout && rows_for(known, height, width) == layout->rows) strides = &known;
  }
  if (strides == nullptr) {
    return not_outputs_of("nanodet_plus", outputs, height, width,
                          "one of (1, " +
                              std::to_string(rows_for(kStridesOfRows[1], height, width)) +
                              ", classes + 32)");
  }
  const auto values = outputs[0].values<float>();
  const std::int64_t classes = layout->columns - kOfBox;
  std::int64_t row = 0;
  const auto number = [&](std::int64_t column) {
    return static_cast<double>(values[static_cast<std::size_t>(layout->place(row, column))]);
  };
  const auto distance = [&](std::int64_t side) {
    double whole = 0, weighed = 0;
    for (std::int64_t bin = 0; bin < kBinsOfSide; ++bin) {
      const double share = std::exp(number(classes + side * kBinsOfSide + bin) -
                                    number(classes + side * kBinsOfSide));
      whole += share;
      weighed += share * static_cast<double>(bin);
    }
    return weighed / whole;
  };
  std::vector<Detection> found;
  for (const int stride : *strides) {
    const std::int64_t nx = cells_along(width, stride);
    const std::int64_t cells = cells_along(height, stride) * nx;
    for (std::int64_t cell = 0; cell < cells; ++cell, ++row) {
      std::optional<Box> box;
      for (std::int64_t c = 0; c < classes; ++c) {
        if (!(number(c) > score_threshold)) continue;
        const std::int64_t line = cell / nx;
        const double x = static_cast<double>(cell % nx), y = static_cast<double>(line);
        if (!box) {  // corners of cells, not their centres
          box = box_of_corners({(x - distance(0)) * stride, (y - distance(1)) * stride,
                                (x + distance(2)) * stride, (y + distance(3)) * stride});
        }
        found.push_back({*box, number(c), static_cast<int>(c)});
      }
    }
  }
  return found;
}

int classes_of(std::span<const Tensor> outputs) {
  return static_cast<int>(row_layout_of(outputs, kOfBox + 1)->columns - kOfBox);
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel& level) {
  const bool apart = level.tensors.size() == 2;
  return {{0, 0, match.classes, ChannelKind::kClasses},
          {apart ? std::size_t{1} : 0, apart ? 0 : match.classes, static_cast<int>(kOfBox),
           ChannelKind::kDistribution}};
}

}  // namespace

HeadDef head_nanodet_plus() {
  return {.name = "nanodet_plus",
          .preset = as_nanodet(),
          .recognise = recognise,
          .attach = attach,
          .decode = decode,
          .classes = classes_of,
          .roles = roles};
}

}  // namespace pare::engine
