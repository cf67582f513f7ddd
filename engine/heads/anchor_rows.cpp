#include "engine/heads/anchor_rows.h"

#include <optional>
#include <utility>

#include "engine/heads/row_layout.h"
#include "engine/heads/tail_reader.h"
#include "engine/heads/tail_tracer.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kObjectnessColumn = 4;
constexpr std::int64_t kFirstClassColumn = 5;

class AnchorRecogniser {
 public:
  AnchorRecogniser(AnchorForm form, const Graph& graph, const Observation& observed)
      : form_(form), graph_(graph), reader_(graph, observed), tracer_(graph, observed) {}

  Result<HeadMatch> run(const std::string& head) {
    const auto layout =
        only_rows_of(graph_, reader_, kFirstClassColumn + 1, "(1, rows, 5 + classes)");
    if (!layout) return layout.error();
    output_ = graph_.outputs[0].name;
    layout_ = layout.value();
    match_ = HeadMatch{.head = head,
                       .classes = static_cast<int>(layout_.columns - kFirstClassColumn),
                       .outputs = {output_},
                       .reach = 0,
                       .columns_first = layout_.columns_first,
                       .batch = layout_.batch};
    for (std::int64_t row = 0; row < layout_.rows;) {
      auto level = level_from(row);
      if (!level) return near_ ? nearly_this_head(tracer_.why()) : not_this_head(tracer_.why());
      match_.levels.push_back(std::move(*level));
    }
    return match_;
  }

 private:
  const Formula* number(std::int64_t row, std::int64_t column) {
    return tracer_.number(output_, layout_.place(row, column));
  }

  bool refuse(std::int64_t row, const std::string& what) {
    tracer_.fail("row " + std::to_string(row) + " of \"" + output_ + "\" " +
                 text_of(layout_.shape()) + ": " + what);
    return false;
  }

  // The raw number that this column is the sigmoid of.
  std::optional<RawNumber> logit(std::int64_t row, std::int64_t column) {
    const Formula* score = number(row, column);
    if (score == nullptr) return std::nullopt;
    const Formula* inside = tracer_.inside(*score, AtomKind::kSigmoid);
    const auto raw = inside == nullptr ? std::nullopt : tracer_.raw(*inside);
    if (raw && raw->weight == 1) return raw;
    refuse(row, "column " + std::to_string(column) + " is not the sigmoid of a raw number");
    return std::nullopt;
  }

  // The level that begins with this row, which becomes the one behind it.
  std::optional<HeadLevel> level_from(std::int64_t& row) {
    tracer_.forget();
    const auto first = logit(row, kObjectnessColumn);
    if (!first) return std::nullopt;
    map_ = first->tensor;
    shape_ = reader_.shape_of(map_);
    const auto stride = reader_.stride_of(shape_[2], shape_[3]);
    if (!stride) return tracer_.fail(reader_.why());
    const std::int64_t anchors = shape_[1] / layout_.columns;
    const std::int64_t cells = shape_[2] * shape_[3];
    if (anchors * layout_.columns != shape_[1] || row + anchors * cells > layout_.rows) {
      return tracer_.fail("the map \"" + map_ + "\" " + text_of(shape_) +
                          " does not have a row of \"" + output_ + "\" " +
                          text_of(layout_.shape()) + " for each anchor and cell");
    }
    if (!set_order(row, anchors, cells)) return std::nullopt;
    HeadLevel level{.stride = *stride, .tensors = {map_}};
    level.anchors.resize(static_cast<std::size_t>(anchors));
    for (std::int64_t i = 0; i < anchors * cells; ++i) {
      const std::int64_t anchor = match_.anchors_last ? i % anchors : i / cells;
      const std::int64_t cell = match_.anchors_last ? i / anchors : i % cells;
      if (!is_looked_at(cell, shape_[2], shape_[3])) continue;
      tracer_.forget();
      if (!scores_fit(row + i, anchor, cell) || !centre_fits(row + i, anchor, cell, *stride) ||
          !size_fits(row + i, anchor, cell, level)) {
        return std::nullopt;
      }
    }
    row += anchors * cells;
    return level;
  }

  // The second row is of the next anchor, or of the next cell.
  bool set_order(std::int64_t row, std::int64_t anchors, std::int64_t cells) {
    if (anchors == 1 || cells == 1) return true;
    const auto second = logit(row + 1, kObjectnessColumn);
    if (!second) return false;
    const bool anchors_last = second->channel == layout_.columns + kObjectnessColumn;
    if (match_.levels.empty()) match_.anchors_last = anchors_last;
    return match_.anchors_last == anchors_last ||
           refuse(row, "the rows of this level go in another order than those before");
  }

  bool is_at(const RawNumber& raw, std::int64_t anchor, std::int64_t column, std::int64_t cell) {
    return raw.tensor == map_ && raw.channel == anchor * layout_.columns + column &&
           raw.y * shape_[3] + raw.x == cell;
  }

  bool scores_fit(std::int64_t row, std::int64_t anchor, std::int64_t cell) {
    const bool corner = cell == 0 || cell + 1 == shape_[2] * shape_[3];
    const std::int64_t last = corner ? layout_.columns : kFirstClassColumn + 1;
    for (std::int64_t column = kObjectnessColumn; column < last; ++column) {
      const auto raw = logit(row, column);
      if (!raw) return false;
      if (is_at(*raw, anchor, column, cell)) continue;
      return refuse(row, "column " + std::to_string(column) + " is not that of anchor " +
                             std::to_string(anchor) + " and cell " + std::to_string(cell));
    }
    near_ = true;
    return true;
  }

  bool centre_fits(std::int64_t row, std::int64_t anchor, std::int64_t cell, int stride) {
    for (std::int64_t side = 0; side < 2; ++side) {
      const Formula* place = number(row, side);
      if (place == nullptr) return false;
      const Formula scaled_sigmoid{0, place->terms};
      const std::int32_t atom = scaled_sigmoid.single();
      const auto raw = atom < 0 || tracer_.atoms().at(atom).kind != AtomKind::kSigmoid
                           ? std::nullopt
                           : tracer_.raw(tracer_.atoms().at(atom).of[0]);
      if (!raw || raw->weight != 1 || !is_at(*raw, anchor, side, cell)) {
        return refuse(row, "its centre is not the sigmoid of the raw numbers in its place");
      }
      const double reach = place->terms[0].weight / stride;
      if (match_.reach == 0) match_.reach = reach;
      const std::int64_t index = side == 0 ? cell % shape_[3] : cell / shape_[3];
      const double offset = (static_cast<double>(index) - (match_.reach - 1) / 2) * stride;
      if (is_close(reach, match_.reach) && is_close(place->constant, offset)) continue;
      return refuse(row, "its centre is on another grid, " + std::to_string(place->constant) +
                             " and not " + std::to_string(offset) + " pixels");
    }
    return true;
  }

  // What the size is a multiple of: a square of a sigmoid, or an exponential.
  std::optional<RawNumber> of_size(const Formula& size) const {
    if (size.constant != 0 || size.terms.size() != 1) return std::nullopt;
    const Factors& factors = size.terms[0].factors;
    const bool square = factors[1] == factors[0] && factors[2] < 0;
    if (form_ == AnchorForm::kSquare ? !square : factors[1] >= 0) return std::nullopt;
    const Atom& atom = tracer_.atoms().at(factors[0]);
    const AtomKind kind = form_ == AnchorForm::kSquare ? AtomKind::kSigmoid : AtomKind::kExp;
    return atom.kind == kind ? tracer_.raw(atom.of[0]) : std::nullopt;
  }

  bool size_fits(std::int64_t row, std::int64_t anchor, std::int64_t cell, HeadLevel& level) {
    for (std::size_t side = 0; side < 2; ++side) {
      const auto column = static_cast<std::int64_t>(side) + 2;
      const Formula* size = number(row, column);
      if (size == nullptr) return false;
      const auto raw = of_size(*size);
      if (!raw || raw->weight != 1 || !is_at(*raw, anchor, column, cell)) {
        return refuse(row, form_ == AnchorForm::kSquare
                               ? "its size is not the square of a sigmoid, times an anchor"
                               : "its size is not an exponential, times an anchor");
      }
      const double weight = size->terms[0].weight;
      const double found = form_ == AnchorForm::kSquare ? weight / 4 : weight;
      double& side_of = level.anchors[static_cast<std::size_t>(anchor)][side];
      if (side_of == 0) side_of = found;
      if (found > 0 && is_close(found, side_of)) continue;
      return refuse(row, "its anchor is not that of the other cells");
    }
    return true;
  }

  AnchorForm form_;
  const Graph& graph_;
  TailReader reader_;
  TailTracer tracer_;
  std::string output_;
  RowLayout layout_;
  HeadMatch match_;
  bool near_ = false;  // a row has scores as they should be
  std::string map_;    // of the level at hand
  Shape shape_;
};

}  // namespace

Result<HeadMatch> recognise_anchor_rows(const std::string& head, AnchorForm form,
                                        const Graph& graph, const Observation& observed) {
  return AnchorRecogniser(form, graph, observed).run(head);
}

}  // namespace pare::engine
