#include "engine/heads/ssd_priors.h"

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

class SsdRecogniser {
 public:
  SsdRecogniser(const Graph& graph, const Observation& observed)
      : graph_(graph), reader_(graph, observed), tracer_(graph, observed) {}

  Result<HeadMatch> run() {
    if (!find_outputs()) return not_this_head(tracer_.why());
    match_.head = "ssd";
    match_.classes = static_cast<int>(columns_ - 1);
    match_.priors.centre_variance = 0;
    for (const TensorInfo& output : graph_.outputs) match_.outputs.push_back(output.name);
    for (std::int64_t row = 0; row < rows_;) {
      auto level = level_from(row);
      if (!level) return nearly_this_head(tracer_.why());
      match_.levels.push_back(std::move(*level));
    }
    return match_;
  }

 private:
  bool find_outputs() {
    if (graph_.outputs.size() != 2) {
      tracer_.fail("it has " + std::to_string(graph_.outputs.size()) +
                   " outputs, not scores and boxes");
      return false;
    }
    for (const TensorInfo& output : graph_.outputs) {
      const Shape& shape = reader_.shape_of(output.name);
      const bool two = shape.size() == 2;
      if ((!two && (shape.size() != 3 || shape[0] != 1)) || element_count(shape) < 1) {
        tracer_.fail("\"" + output.name + "\" is " + text_of(shape) + ", not (1, priors, columns)");
        return false;
      }
      match_.batch = !two;
      const Formula* first = tracer_.number(output.name, 0);
      const std::int32_t atom = first == nullptr ? -1 : first->single();
      const bool scores = atom >= 0 && tracer_.atoms().at(atom).kind == AtomKind::kShare;
      (scores ? scores_ : boxes_) = output.name;
      if (scores) match_.scores_first = output.name == graph_.outputs[0].name;
    }
    const Shape& scores = reader_.shape_of(scores_);
    const Shape& boxes = reader_.shape_of(boxes_);
    if (scores.empty() || boxes.empty() || boxes.back() != 4 || scores.back() < 2 ||
        scores.size() != boxes.size() || scores[scores.size() - 2] != boxes[boxes.size() - 2]) {
      tracer_.fail("its outputs are not the shares of a softmax for each prior, and four numbers");
      return false;
    }
    columns_ = scores.back();
    rows_ = scores[scores.size() - 2];
    return true;
  }

  bool refuse(std::int64_t row, const std::string& what) {
    tracer_.fail("prior " + std::to_string(row) + " of \"" + boxes_ + "\": " + what);
    return false;
  }

  // The raw number of the background's score.
  std::optional<RawNumber> background(std::int64_t row) {
    const Formula* share = tracer_.number(scores_, row * columns_);
    const std::int32_t atom = share == nullptr ? -1 : share->single();
    if (atom < 0 || tracer_.atoms().at(atom).kind != AtomKind::kShare) {
      return tracer_.fail("score 0 of prior " + std::to_string(row) + " is no share of a softmax");
    }
    const Atom& of = tracer_.atoms().at(atom);
    const auto& members = tracer_.atoms().at(of.tensor).of;
    const auto first = tracer_.raw(members[0]);
    bool fits = of.place == 0 && std::cmp_equal(members.size(), columns_) && first.has_value();
    for (std::size_t k = 0; fits && k < members.size(); ++k) {
      const auto raw = tracer_.raw(members[k]);
      fits = raw && raw->weight == 1 && raw->tensor == first->tensor && raw->y == first->y &&
             raw->x == first->x && std::cmp_equal(raw->channel - first->channel, k);
    }
    if (fits) return first;
    return tracer_.fail("the scores of prior " + std::to_string(row) +
                        " are not a softmax over the classes of one cell");
  }

  // The level that begins with this row, which becomes the one behind it.
  std::optional<HeadLevel> level_from(std::int64_t& row) {
    tracer_.forget();
    const auto first = background(row);
    if (!first) return std::nullopt;
    shape_ = reader_.shape_of(first->tensor);
    const auto stride = reader_.stride_of(shape_[2], shape_[3]);
    if (!stride) return tracer_.fail(reader_.why());
    const std::int64_t anchors = shape_[1] / columns_;
    const std::int64_t cells = shape_[2] * shape_[3];
    if (anchors * columns_ != shape_[1] || row + anchors * cells > rows_) {
      return tracer_.fail("the map \"" + first->tensor + "\" " + text_of(shape_) +
                          " does not have a row of \"" + scores_ + "\" for each prior");
    }
    HeadLevel level{.stride = *stride, .tensors = {first->tensor, ""}};
    level.anchors.resize(static_cast<std::size_t>(anchors));
    for (std::int64_t i = 0; i < anchors * cells; ++i) {
      const std::int64_t cell = i / anchors;
      if (!is_looked_at(cell, shape_[2], shape_[3])) continue;
      tracer_.forget();
      const auto score = background(row + i);
      if (!score) return std::nullopt;
      if (score->tensor != first->tensor || score->channel != i % anchors * columns_ ||
          score->y * shape_[3] + score->x != cell) {
        refuse(row + i, "its scores are not those of cell " + std::to_string(cell));
        return std::nullopt;
      }
      if (!box_fits(row + i, i % anchors, cell, level)) return std::nullopt;
    }
    row += anchors * cells;
    const bool whole = reader_.is_map(level.tensors[1], 4 * anchors);
    return whole ? std::optional(std::move(level)) : tracer_.fail(reader_.why());
  }

  bool box_fits(std::int64_t row, std::int64_t anchor, std::int64_t cell, HeadLevel& level) {
    std::array<Formula, 4> n;
    for (std::int64_t i = 0; i < 4; ++i) {
      const Formula* one = tracer_.number(boxes_, row * 4 + i);
      if (one == nullptr) return false;
      n[static_cast<std::size_t>(i)] = *one;
    }
    if (tracer_.raw(n[0])) {
      return refuse(row,
                    "its box is a raw offset from a prior that the graph does not have; a "
                    "card's head_description says which (docs/heads.md)");
    }
    for (std::size_t side = 0; side < 2; ++side) {
      const Formula centre = scaled(without_dust(sum(n[side], n[side + 2])), 0.5);
      const Formula size = without_dust(sum(n[side + 2], n[side], -1));
      if (!side_fits(row, anchor, cell, side, {centre, size}, level)) return false;
    }
    return true;
  }

  struct Side {
    Formula centre, size;
  };
  bool side_fits(std::int64_t row, std::int64_t anchor, std::int64_t cell, std::size_t side,
                 const Side& of, HeadLevel& level) {
    const auto moved = tracer_.raw({0, of.centre.terms});
    const std::int32_t atom = of.size.single();
    const bool is_exp = atom >= 0 && tracer_.atoms().at(atom).kind == AtomKind::kExp;
    const auto grown = is_exp ? tracer_.raw(tracer_.atoms().at(atom).of[0]) : std::nullopt;
    if (!moved || !grown) {
      return refuse(row, "its sides are not a moved centre, less and more half a size");
    }
    if (level.tensors[1].empty()) level.tensors[1] = moved->tensor;
    const auto at = static_cast<std::int64_t>(side);
    const auto is_at = [&](const RawNumber& raw, std::int64_t number) {
      return raw.tensor == level.tensors[1] && raw.channel == anchor * 4 + number &&
             raw.y * shape_[3] + raw.x == cell;
    };
    const double length = of.size.terms[0].weight;
    PriorForm& priors = match_.priors;
    if (priors.centre_variance == 0) {
      priors.centre_variance = moved->weight / length;
      priors.size_variance = grown->weight;
    }
    if (!is_at(*moved, at) || !is_at(*grown, at + 2) ||
        !is_close(moved->weight, priors.centre_variance * length) ||
        !is_close(grown->weight, priors.size_variance)) {
      return refuse(row, "it reads other raw numbers, or has other variances");
    }
    return centre_fits(row, cell, side, of.centre.constant, level) &&
           anchor_fits(row, side, length, level.anchors[static_cast<std::size_t>(anchor)]);
  }

  // By what cells are measured is found at the first, and whether they share the input out evenly
  // at the first one where that is another place.
  bool centre_fits(std::int64_t row, std::int64_t cell, std::size_t side, double centre,
                   const HeadLevel& level) {
    const std::int64_t index = side == 0 ? cell % shape_[3] : cell / shape_[3];
    const double place = static_cast<double>(index) + 0.5;
    const auto length = static_cast<double>(graph_.inputs[0].shape[3 - side]);
    const auto cells = static_cast<double>(shape_[3 - side]);
    const double by_stride = place * level.stride / length;
    const double by_map = place / cells;
    PriorForm& priors = match_.priors;
    if (!known_unit_) priors.normalised = centre < 1;
    known_unit_ = true;
    const double share = priors.normalised ? centre : centre / length;
    if (!is_close(by_stride, by_map) && !known_steps_) {
      priors.by_map = is_close(share, by_map);
      known_steps_ = true;
    }
    if (is_close(share, priors.by_map ? by_map : by_stride)) return true;
    return refuse(row, "its centre is at " + std::to_string(centre) + ", not at that of cell " +
                           std::to_string(cell));
  }

  bool anchor_fits(std::int64_t row, std::size_t side, double length,
                   std::array<double, 2>& anchor) {
    const auto input = static_cast<double>(graph_.inputs[0].shape[3 - side]);
    const double pixels = match_.priors.normalised ? length * input : length;
    if (anchor[side] == 0) anchor[side] = pixels;
    return (pixels > 0 && is_close(anchor[side], pixels)) ||
           refuse(row, "its anchor is not that of the other cells");
  }

  const Graph& graph_;
  TailReader reader_;
  TailTracer tracer_;
  HeadMatch match_;
  std::string scores_, boxes_;
  std::int64_t rows_ = 0, columns_ = 0;
  Shape shape_;  // of the scores' map of the level at hand
  bool known_unit_ = false, known_steps_ = false;
};

// An anchor that was cut to the input's length is as long as it is in the other direction.
void extend_cut_anchors(HeadMatch& match, const Shape& input) {
  for (HeadLevel& level : match.levels) {
    for (auto& anchor : level.anchors) {
      for (std::size_t side = 0; side < 2; ++side) {
        const auto length = static_cast<double>(input[3 - side]);
        if (is_close(anchor[side], length)) anchor[side] = std::max(anchor[0], anchor[1]);
      }
    }
  }
}

}  // namespace

Result<HeadMatch> recognise_ssd(const Graph& graph, const Observation& observed) {
  auto found = SsdRecogniser(graph, observed).run();
  if (!found) return found;
  HeadMatch match = std::move(found).value();
  extend_cut_anchors(match, graph.inputs[0].shape);
  return match;
}

}  // namespace pare::engine
