#include "engine/heads/dfl_rows.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/heads/distances.h"
#include "engine/heads/row_layout.h"
#include "engine/heads/tail_reader.h"
#include "engine/heads/tail_tracer.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kSides = 4;

class DflRecogniser {
 public:
  DflRecogniser(const DflRows& of, const Graph& graph, const Observation& observed)
      : of_(of),
        first_class_(of.ones ? kSides + 1 : kSides),
        graph_(graph),
        reader_(graph, observed),
        tracer_(graph, observed) {}

  Result<HeadMatch> run() {
    const auto layout = only_rows_of(graph_, reader_, first_class_ + 1, kDflRowsExpected);
    if (!layout) return layout.error();
    output_ = graph_.outputs[0].name;
    layout_ = layout.value();
    HeadMatch match{.head = of_.head,
                    .classes = static_cast<int>(layout_.columns - first_class_),
                    .outputs = {output_},
                    .columns_first = layout_.columns_first,
                    .batch = layout_.batch};
    for (std::int64_t row = 0; row < layout_.rows;) {
      auto level = level_from(row);
      if (!level) return near_ ? nearly_this_head(tracer_.why()) : not_this_head(tracer_.why());
      match.levels.push_back(std::move(*level));
    }
    match.bins = bins_;
    return match;
  }

 private:
  const Formula* number(std::int64_t row, std::int64_t column) {
    return tracer_.number(output_, layout_.place(row, column));
  }

  std::string of_row(std::int64_t row) const {
    return "of row " + std::to_string(row) + " of \"" + output_ + "\" " + text_of(layout_.shape());
  }

  // The level that begins with this row, which becomes the one behind it.
  std::optional<HeadLevel> level_from(std::int64_t& row) {
    const auto first = score(row, 0);
    if (!first) return std::nullopt;
    const Shape& map = reader_.shape_of(first->tensor);
    const auto stride = reader_.stride_of(map[2], map[3]);
    if (!stride) return tracer_.fail(reader_.why());
    const std::int64_t cells = map[2] * map[3];
    HeadLevel level{.stride = *stride, .tensors = {"", first->tensor}};
    const std::int64_t begin = row;
    if (begin + cells > layout_.rows) {
      return tracer_.fail("the map \"" + first->tensor + "\" " + text_of(map) +
                          " has more cells than \"" + output_ + "\" has rows for them");
    }
    for (; row < begin + cells; ++row) {
      const std::int64_t cell = row - begin;
      if (!is_looked_at(cell, map[2], map[3])) continue;
      const bool corner = cell == 0 || cell + 1 == cells;
      if (!scores_fit(row, cell, *first, corner ? layout_.columns - first_class_ : 1)) {
        return std::nullopt;
      }
      if (!box_fits(row, cell, map[3], level)) return std::nullopt;
      tracer_.forget();
    }
    return tensors_fit(level, first->channel) ? std::optional(std::move(level)) : std::nullopt;
  }

  std::optional<RawNumber> score(std::int64_t row, std::int64_t c) {
    const Formula* column = number(row, first_class_ + c);
    if (column == nullptr) return std::nullopt;
    const Formula* logit = tracer_.inside(*column, AtomKind::kSigmoid);
    const auto raw = logit == nullptr ? std::nullopt : tracer_.raw(*logit);
    if (raw && raw->weight == 1) return raw;
    return tracer_.fail("the score of class " + std::to_string(c) + " " + of_row(row) +
                        " is not the sigmoid of a raw number");
  }

  bool scores_fit(std::int64_t row, std::int64_t cell, const RawNumber& first,
                  std::int64_t classes) {
    const std::int64_t nx = reader_.shape_of(first.tensor)[3];
    for (std::int64_t c = 0; c < classes; ++c) {
      const auto raw = score(row, c);
      if (!raw) return false;
      if (raw->tensor == first.tensor && raw->channel == first.channel + c &&
          raw->y * nx + raw->x == cell) {
        continue;
      }
      tracer_.fail("the score of class " + std::to_string(c) + " " + of_row(row) +
                   " is not that of cell " + std::to_string(cell) + " of \"" + first.tensor + "\"");
      return false;
    }
    return true;
  }

  bool is_one(std::int64_t row) {
    const Formula* one = number(row, kSides);
    if (one != nullptr && one->terms.empty() && one->constant == 1) return true;
    tracer_.fail("column 4 " + of_row(row) + " is not 1");
    return false;
  }

  bool box_fits(std::int64_t row, std::int64_t cell, std::int64_t nx, HeadLevel& level) {
    if (of_.ones && !is_one(row)) return false;
    std::array<Formula, 4> numbers;
    for (std::int64_t i = 0; i < kSides; ++i) {
      const Formula* one = number(row, i);
      if (one == nullptr) return false;
      numbers[static_cast<std::size_t>(i)] = *one;
    }
    const auto corners = corners_of(numbers, of_.form == BoxForm::kCentre);
    for (std::size_t side = 0; side < corners.size(); ++side) {
      if (side_fits(corners[side], side, cell, nx, level)) continue;
      tracer_.fail("the box " + of_row(row) + " is not " +
                   (of_.form == BoxForm::kCentre ? "centre and size" : "the corners") +
                   " of four distances, or means of distributions, around the centre of its cell");
      return false;
    }
    return true;
  }

  // (centre of the cell -+ mean) * stride
  bool side_fits(const Formula& corner, std::size_t side, std::int64_t cell, std::int64_t nx,
                 HeadLevel& level) {
    const auto distance = distance_in(corner);
    const auto bin = distance ? first_bin_of(*distance, corner) : std::nullopt;
    if (!bin) return false;
    near_ = true;
    if (level.tensors[0].empty()) level.tensors[0] = bin->tensor;
    if (bins_ == 0) bins_ = distance->bins;
    const std::int64_t at = side % 2 == 0 ? cell % nx : cell / nx;
    const double centre = (static_cast<double>(at) + 0.5) * level.stride;
    return distance->bins == bins_ && is_close(distance->constant, centre) &&
           is_close(distance->weight, side < 2 ? -level.stride : level.stride) &&
           bin->tensor == level.tensors[0] && bin->y * nx + bin->x == cell &&
           bin->channel == static_cast<std::int64_t>(side) * bins_;
  }

  // The mean of a distribution, or a raw number as it is.
  std::optional<MeanDistance> distance_in(const Formula& corner) const {
    if (const auto mean = mean_distance(corner, tracer_.atoms())) return mean;
    const auto raw = tracer_.raw({0, corner.terms});
    if (!raw) return std::nullopt;
    return MeanDistance{.constant = corner.constant, .weight = raw->weight, .bins = 1};
  }
  std::optional<RawNumber> first_bin_of(const MeanDistance& distance, const Formula& corner) const {
    return distance.bins == 1 ? tracer_.raw({0, corner.terms}) : first_bin(distance, tracer_);
  }

  // One convolution for both, distances first, or one for each.
  bool tensors_fit(HeadLevel& level, std::int64_t first_class) {
    const std::int64_t of_box = kSides * bins_;
    const std::int64_t of_classes = layout_.columns - first_class_;
    const bool joint = level.tensors[0] == level.tensors[1];
    if (joint) level.tensors.pop_back();
    const bool fits = first_class == (joint ? of_box : 0) &&
                      reader_.is_map(level.tensors[0], of_box + (joint ? of_classes : 0)) &&
                      (joint || reader_.is_map(level.tensors[1], of_classes));
    if (!fits)
      tracer_.fail("the maps of the stride " + std::to_string(level.stride) +
                   " have more channels than boxes and classes need, or another order");
    return fits;
  }

  DflRows of_;
  std::int64_t first_class_;  // column
  const Graph& graph_;
  TailReader reader_;
  TailTracer tracer_;
  std::string output_;
  RowLayout layout_;
  int bins_ = 0;
  bool near_ = false;  // a number is the mean of a distribution
};

}  // namespace

Result<HeadMatch> recognise_dfl_rows(const DflRows& of, const Graph& graph,
                                     const Observation& observed) {
  return DflRecogniser(of, graph, observed).run();
}

}  // namespace pare::engine
