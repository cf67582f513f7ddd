// SSD's tail, attached again.
#include <algorithm>
#include <utility>

#include "engine/heads/ssd_priors.h"
#include "engine/heads/tail_builder.h"

namespace pare::engine {
namespace {

struct PriorGrid {
  std::vector<float> centres, sizes;  // x and y, width and height of each prior
};

PriorGrid priors_of(const TailBuilder& tail, const HeadMatch& match, const Shape& input) {
  PriorGrid grid;
  const PriorForm& form = match.priors;
  for (const HeadLevel& level : match.levels) {
    const std::int64_t counts[] = {tail.nx(level), tail.ny(level)};
    for (std::int64_t cell = 0; cell < counts[0] * counts[1]; ++cell) {
      for (const auto& anchor : level.anchors) {
        for (std::size_t side = 0; side < 2; ++side) {
          const auto length = static_cast<double>(input[3 - side]);
          const std::int64_t index = side == 0 ? cell % counts[0] : cell / counts[0];
          const double step =
              form.by_map ? length / static_cast<double>(counts[side]) : double(level.stride);
          const double unit = form.normalised ? length : 1;
          const double place = (static_cast<double>(index) + 0.5) * step;
          grid.centres.push_back(static_cast<float>(place / unit));
          grid.sizes.push_back(static_cast<float>(std::min(anchor[side], length) / unit));
        }
      }
    }
  }
  return grid;
}

// (1, priors, columns) of all levels' tensors of this position.
std::string rows_of_levels(TailBuilder& tail, const HeadMatch& match, std::size_t tensor,
                           std::int64_t columns) {
  std::vector<std::string> levels;
  for (const HeadLevel& level : match.levels) {
    const std::string last = tail.add("Transpose", {level.tensors[tensor]},
                                      {{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}});
    const auto anchors = static_cast<std::int64_t>(level.anchors.size());
    levels.push_back(tail.reshape(last, {1, tail.ny(level) * tail.nx(level) * anchors, columns}));
  }
  return tail.add("Concat", levels, {{"axis", std::int64_t{1}}});
}

std::string corners(TailBuilder& tail, const std::string& raw, const PriorGrid& grid,
                    const PriorForm& form) {
  const auto number = [&](double value) {
    const float one[] = {static_cast<float>(value)};
    return tail.constant({}, one);
  };
  const Shape pairs = {1, static_cast<std::int64_t>(grid.sizes.size() / 2), 2};
  const std::string sizes = tail.constant(pairs, grid.sizes);
  const auto parts = tail.split(raw, 2, {2, 2});
  const std::string moved = tail.add("Mul", {parts[0], number(form.centre_variance)});
  const std::string centre =
      tail.add("Add", {tail.add("Mul", {moved, sizes}), tail.constant(pairs, grid.centres)});
  const std::string grown =
      tail.add("Exp", {tail.add("Mul", {parts[1], number(form.size_variance)})});
  const std::string half = tail.add("Div", {tail.add("Mul", {grown, sizes}), number(2)});
  return tail.add("Concat", {tail.add("Sub", {centre, half}), tail.add("Add", {centre, half})},
                  {{"axis", std::int64_t{2}}});
}

}  // namespace

Result<Graph> attach_ssd(Graph body, const HeadMatch& match) {
  const Shape input = body.inputs.empty() ? Shape{} : body.inputs[0].shape;
  return with_tail(
      std::move(body), match.levels, match.outputs,
      [&](TailBuilder& tail) {
        const PriorGrid grid = priors_of(tail, match, input);
        const auto priors = static_cast<std::int64_t>(grid.sizes.size() / 2);
        const std::int64_t columns = 1 + match.classes;
        const std::string logits = rows_of_levels(tail, match, 0, columns);
        const std::string scores = tail.add("Softmax", {logits}, {{"axis", std::int64_t{2}}});
        const std::string boxes =
            corners(tail, rows_of_levels(tail, match, 1, 4), grid, match.priors);
        const bool scores_first = match.scores_first;
        const auto put = [&](const std::string& made, std::size_t output, std::int64_t width) {
          Shape shape = {priors, width};
          if (match.batch) shape.insert(shape.begin(), 1);
          tail.output_reshaped(made, match.outputs[output], shape);
        };
        put(scores, scores_first ? 0 : 1, columns);
        put(boxes, scores_first ? 1 : 0, 4);
      },
      SizesOf::kAny);
}

}  // namespace pare::engine
