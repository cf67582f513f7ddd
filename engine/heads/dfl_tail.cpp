// The tail of heads with distributions: attached again, and read.
#include <array>
#include <utility>

#include "engine/heads/anchor_rows.h"
#include "engine/heads/box_rows.h"
#include "engine/heads/dfl_rows.h"
#include "engine/heads/presets.h"
#include "engine/heads/row_layout.h"
#include "engine/heads/tail_builder.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kSidesOfBox = 4;

struct CellGrid {
  std::vector<float> centres;  // x of all rows, then y
  std::vector<float> strides;
};

CellGrid cell_grid_of(const TailBuilder& tail, std::span<const HeadLevel> levels) {
  CellGrid grid;
  std::vector<float> ys;
  for (const HeadLevel& level : levels) {
    for (std::int64_t y = 0; y < tail.ny(level); ++y) {
      for (std::int64_t x = 0; x < tail.nx(level); ++x) {
        grid.centres.push_back(static_cast<float>(x) + 0.5F);
        ys.push_back(static_cast<float>(y) + 0.5F);
        grid.strides.push_back(static_cast<float>(level.stride));
      }
    }
  }
  grid.centres.insert(grid.centres.end(), ys.begin(), ys.end());
  return grid;
}

// Of distributions (1, 4 * bins, rows): their means (1, 4, rows).
std::string means_of(TailBuilder& tail, const std::string& distributions, int bins,
                     std::int64_t rows) {
  if (bins == 1) return distributions;
  using Perm = std::vector<std::int64_t>;
  const std::string split = tail.reshape(distributions, {1, kSidesOfBox, bins, rows});
  const std::string last = tail.add("Transpose", {split}, {{"perm", Perm{0, 1, 3, 2}}});
  const std::string shares = tail.add("Softmax", {last}, {{"axis", std::int64_t{3}}});
  std::vector<float> numbers;
  numbers.reserve(static_cast<std::size_t>(bins));
  for (int bin = 0; bin < bins; ++bin) numbers.push_back(static_cast<float>(bin));
  const std::string means = tail.add("MatMul", {shares, tail.constant({bins, 1}, numbers)});
  return tail.reshape(means, {1, kSidesOfBox, rows});
}

// Left and top, right and bottom, or centre and size, in pixels: (1, 4, rows).
std::string boxes_of_means(TailBuilder& tail, const std::string& distributions,
                           const CellGrid& grid, int bins, BoxForm form) {
  const auto rows = static_cast<std::int64_t>(grid.strides.size());
  const auto sides = tail.split(means_of(tail, distributions, bins, rows), 1, {2, 2});
  const std::string centres = tail.constant({1, 2, rows}, grid.centres);
  std::string first = tail.add("Sub", {centres, sides[0]});
  std::string second = tail.add("Add", {centres, sides[1]});
  if (form == BoxForm::kCentre) {
    const float two[] = {2};
    const std::string both = tail.add("Add", {first, second});
    second = tail.add("Sub", {second, first});
    first = tail.add("Div", {both, tail.constant({}, two)});
  }
  const std::string joined = tail.add("Concat", {first, second}, {{"axis", std::int64_t{1}}});
  return tail.add("Mul", {joined, tail.constant({1, 1, rows}, grid.strides)});
}

}  // namespace

Result<Graph> attach_dfl_rows(Graph body, const HeadMatch& match, const DflRows& of) {
  RowLayout layout{.columns = kSidesOfBox + (of.ones ? 1 : 0) + match.classes,
                   .columns_first = match.columns_first,
                   .batch = match.batch};
  auto whole = with_tail(std::move(body), match.levels, match.outputs, [&](TailBuilder& tail) {
    const std::int64_t widths[] = {kSidesOfBox * match.bins, match.classes};
    std::array<std::vector<std::string>, 2> flat;  // of distances, of classes
    for (const HeadLevel& level : match.levels) {
      std::vector<std::string> raw = level.tensors;
      if (raw.size() == 1) raw = tail.split(raw[0], 1, {widths[0], widths[1]});
      const std::int64_t cells = tail.ny(level) * tail.nx(level);
      for (std::size_t i = 0; i < 2; ++i) {
        flat[i].push_back(tail.reshape(raw[i], {1, widths[i], cells}));
      }
    }
    const CellGrid grid = cell_grid_of(tail, match.levels);
    const std::map<std::string, Attribute> by_cells = {{"axis", std::int64_t{2}}};
    const std::string distributions = tail.add("Concat", flat[0], by_cells);
    const std::string scores = tail.add("Sigmoid", {tail.add("Concat", flat[1], by_cells)});
    layout.rows = static_cast<std::int64_t>(grid.strides.size());
    std::vector<std::string> parts = {
        boxes_of_means(tail, distributions, grid, match.bins, of.form), scores};
    if (of.ones) {
      const std::vector<float> ones(grid.strides.size(), 1);
      parts.insert(parts.begin() + 1, tail.constant({1, 1, layout.rows}, ones));
    }
    output_rows(tail, parts, layout, match.outputs[0]);
  });
  if (whole && !layout.is_clear()) return not_clear(layout);
  return whole;
}

std::vector<ChannelRange> roles_of_dfl(const HeadMatch& match, const HeadLevel& level) {
  const bool apart = level.tensors.size() == 2;
  const int of_box = static_cast<int>(kSidesOfBox) * match.bins;
  return {{0, 0, of_box, match.bins == 1 ? ChannelKind::kOffset : ChannelKind::kDistribution},
          {apart ? std::size_t{1} : 0, apart ? 0 : of_box, match.classes, ChannelKind::kClasses}};
}

namespace {

// Of rows that are boxes in pixels and scores, without ones.
Result<std::vector<Detection>> decode_scored_rows(const DflRows& of,
                                                  std::span<const Tensor> outputs, int height,
                                                  int width, double score_threshold) {
  const auto layout = row_layout_of(outputs, kSidesOfBox + 1);
  if (!layout) return not_outputs_of(of.head, outputs, height, width, kDflRowsExpected);
  return read_scored_rows(outputs[0], *layout, score_threshold,
                          of.form == BoxForm::kCentre ? box_of_centre : box_of_corners);
}

int classes_of_scored_rows(std::span<const Tensor> outputs) {
  return static_cast<int>(row_layout_of(outputs, kSidesOfBox + 1)->columns - kSidesOfBox);
}

}  // namespace

HeadDef dfl_rows_head(const DflRows& of) {
  HeadDef head{
      .name = of.head,
      .preset = as_ultralytics(),
      .recognise =
          [=](const Graph& graph, const Observation& observed) {
            return recognise_dfl_rows(of, graph, observed);
          },
      .attach = [=](Graph body,
                    const HeadMatch& match) { return attach_dfl_rows(std::move(body), match, of); },
      .decode = decoder_of_anchor_rows(of.head),
      .classes = classes_of_anchor_rows,
      .roles = roles_of_dfl};
  if (of.ones) return head;  // which read as an objectness
  head.classes = classes_of_scored_rows;
  head.decode = [=](std::span<const Tensor> outputs, int height, int width,
                    double score_threshold) {
    return decode_scored_rows(of, outputs, height, width, score_threshold);
  };
  return head;
}

}  // namespace pare::engine
