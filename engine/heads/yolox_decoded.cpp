#include "engine/heads/yolox_decoded.h"

#include <array>
#include <optional>
#include <utility>

#include "engine/heads/anchor_rows.h"
#include "engine/heads/presets.h"
#include "engine/heads/row_layout.h"
#include "engine/heads/tail_builder.h"
#include "engine/heads/tail_reader.h"
#include "engine/heads/tail_tracer.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kScores = 4;  // the first column of them: objectness
constexpr std::int64_t kClassesFrom = 5;

class DecodedRecogniser {
 public:
  DecodedRecogniser(const Graph& graph, const Observation& observed)
      : graph_(graph), reader_(graph, observed), tracer_(graph, observed) {}

  Result<HeadMatch> run() {
    const auto layout = only_rows_of(graph_, reader_, kClassesFrom + 1, "(1, rows, 5 + classes)");
    if (!layout) return layout.error();
    output_ = graph_.outputs[0].name;
    layout_ = layout.value();
    HeadMatch match{.head = "yolox_decoded",
                    .classes = static_cast<int>(layout_.columns - kClassesFrom),
                    .outputs = {output_},
                    .columns_first = layout_.columns_first,
                    .batch = layout_.batch};
    for (std::int64_t row = 0; row < layout_.rows;) {
      auto level = level_from(row);
      if (!level) return near_ ? nearly_this_head(tracer_.why()) : not_this_head(tracer_.why());
      match.levels.push_back(std::move(*level));
    }
    return match;
  }

 private:
  // The raw number of a column, and what is added to it after it was scaled by the stride.
  struct Origin {
    RawNumber raw;
    double constant = 0;
  };

  std::optional<Origin> origin(std::int64_t row, std::int64_t column, double stride) {
    const Formula* number = tracer_.number(output_, layout_.place(row, column));
    if (number == nullptr) return std::nullopt;
    const Formula scaled_part{0, number->terms};
    std::optional<RawNumber> raw;
    double weight = 1;
    if (column >= kScores) {
      const Formula* logit = tracer_.inside(*number, AtomKind::kSigmoid);
      if (logit != nullptr) raw = tracer_.raw(*logit);
    } else if (column < 2) {
      raw = tracer_.raw(scaled_part);
      weight = stride;
    } else if (const std::int32_t atom = number->single();
               atom >= 0 && tracer_.atoms().at(atom).kind == AtomKind::kExp &&
               is_close(number->terms[0].weight, stride)) {
      raw = tracer_.raw(tracer_.atoms().at(atom).of[0]);
    }
    if (raw && is_close(raw->weight, weight)) return Origin{*raw, number->constant};
    return tracer_.fail("column " + std::to_string(column) + " of row " + std::to_string(row) +
                        " of \"" + output_ + "\" " + text_of(layout_.shape()) +
                        (column < kScores ? " is not centre or size of a cell at the stride " +
                                                std::to_string(static_cast<int>(stride))
                                          : " is not the sigmoid of a raw number"));
  }

  std::optional<HeadLevel> level_from(std::int64_t& row) {
    tracer_.forget();
    const auto objectness = origin(row, kScores, 1);
    if (!objectness) return std::nullopt;
    const Shape map = reader_.shape_of(objectness->raw.tensor);
    const auto stride = reader_.stride_of(map[2], map[3]);
    if (!stride) return tracer_.fail(reader_.why());
    const auto box = origin(row, 0, *stride);
    const auto classes = box ? origin(row, kClassesFrom, *stride) : std::nullopt;
    if (!classes) return std::nullopt;
    HeadLevel level{.stride = *stride,
                    .tensors = {box->raw.tensor, objectness->raw.tensor, classes->raw.tensor}};
    const std::int64_t cells = map[2] * map[3];
    bool fits = row + cells <= layout_.rows;
    for (std::int64_t cell = 0; fits && cell < cells; ++cell) {
      if (!is_looked_at(cell, map[2], map[3])) continue;
      tracer_.forget();
      for (std::int64_t column = 0; fits && column < layout_.columns; ++column) {
        const auto one = origin(row + cell, column, *stride);
        if (!one) return std::nullopt;
        fits = is_of(*one, column, cell, map, level);
      }
      near_ = near_ || fits;
    }
    row += cells;
    const std::int64_t widths[] = {4, 1, layout_.columns - kClassesFrom};
    for (std::size_t i = 0; fits && i < 3; ++i) fits = reader_.is_map(level.tensors[i], widths[i]);
    if (fits) return level;
    return tracer_.fail("the rows of \"" + output_ + "\" " + text_of(layout_.shape()) +
                        " are not box, objectness and classes of the cells of a map " +
                        text_of(map) + " and its grid");
  }

  static bool is_of(const Origin& one, std::int64_t column, std::int64_t cell, const Shape& map,
                    const HeadLevel& level) {
    const std::size_t tensor = column < kScores ? 0 : column < kClassesFrom ? 1 : 2;
    const std::int64_t first[] = {0, kScores, kClassesFrom};
    const std::int64_t index = column == 0 ? cell % map[3] : cell / map[3];
    const double expected = column < 2 ? static_cast<double>(index) * level.stride : 0;
    return one.raw.tensor == level.tensors[tensor] && one.raw.channel == column - first[tensor] &&
           one.raw.y * map[3] + one.raw.x == cell && is_close(one.constant, expected);
  }

  const Graph& graph_;
  TailReader reader_;
  TailTracer tracer_;
  std::string output_;
  RowLayout layout_;
  bool near_ = false;  // a row is as it should be
};

Result<HeadMatch> recognise(const Graph& graph, const Observation& observed) {
  return DecodedRecogniser(graph, observed).run();
}

// Rows (1, cells, 5 + classes) of one stride.
std::string decoded_rows(TailBuilder& tail, const HeadLevel& level, std::int64_t columns) {
  const std::int64_t nx = tail.nx(level);
  const std::int64_t cells = tail.ny(level) * nx;
  std::vector<float> grid;
  grid.reserve(static_cast<std::size_t>(2 * cells));
  for (std::int64_t cell = 0; cell < cells; ++cell) {
    grid.push_back(static_cast<float>(cell % nx));
    const std::int64_t line = cell / nx;
    grid.push_back(static_cast<float>(line));
  }
  const float stride[] = {static_cast<float>(level.stride)};
  const std::map<std::string, Attribute> by_channel = {{"axis", std::int64_t{1}}};
  const std::string scores =
      tail.add("Sigmoid", {tail.add("Concat", {level.tensors[1], level.tensors[2]}, by_channel)});
  const std::string map = tail.add("Concat", {level.tensors[0], scores}, by_channel);
  const std::string rows = tail.add("Transpose", {tail.reshape(map, {1, columns, cells})},
                                    {{"perm", std::vector<std::int64_t>{0, 2, 1}}});
  const auto parts = tail.split(rows, 2, {2, 2, columns - 4});
  const std::string by = tail.constant({}, stride);
  const std::string moved = tail.add("Add", {parts[0], tail.constant({1, cells, 2}, grid)});
  const std::string centre = tail.add("Mul", {moved, by});
  const std::string size = tail.add("Mul", {tail.add("Exp", {parts[1]}), by});
  return tail.add("Concat", {centre, size, parts[2]}, {{"axis", std::int64_t{2}}});
}

Result<Graph> attach(Graph body, const HeadMatch& match) {
  RowLayout layout{.columns = match.classes + kClassesFrom,
                   .columns_first = match.columns_first,
                   .batch = match.batch};
  auto whole = with_tail(std::move(body), match.levels, match.outputs, [&](TailBuilder& tail) {
    std::vector<std::string> levels;
    for (const HeadLevel& level : match.levels) {
      levels.push_back(decoded_rows(tail, level, layout.columns));
      layout.rows += tail.ny(level) * tail.nx(level);
    }
    output_levels(tail, levels, layout, match.outputs[0]);
  });
  if (whole && !layout.is_clear()) return not_clear(layout);
  return whole;
}

std::vector<ChannelRange> roles(const HeadMatch& match, const HeadLevel&) {
  return {{0, 0, 4, ChannelKind::kOffset},
          {1, 0, 1, ChannelKind::kObjectness},
          {2, 0, match.classes, ChannelKind::kClasses}};
}

}  // namespace

HeadDef head_yolox_decoded() {
  return {.name = "yolox_decoded",
          .preset = as_megvii(),
          .recognise = recognise,
          .attach = attach,
          .decode = decoder_of_anchor_rows("yolox_decoded"),
          .classes = classes_of_anchor_rows,
          .roles = roles};
}

}  // namespace pare::engine
