// What a description leaves open: strides, by the maps behind its scores, and bins.
#include <algorithm>
#include <array>
#include <utility>

#include "engine/heads/described_match.h"
#include "engine/heads/described_numbers.h"
#include "engine/heads/distances.h"
#include "engine/heads/head_form.h"
#include "engine/heads/tail_reader.h"
#include "engine/heads/tail_tracer.h"

namespace pare::engine {

Result<std::vector<int>> open_strides(HeadDescription description, int classes, const Graph& graph,
                                      const Observation& observed) {
  TailReader reader(graph, observed);
  TailTracer tracer(graph, observed);
  description.strides = {1};  // so that rows have a place: all of one level
  const HeadForm form(description, classes, 1, 1);
  const FormPart& scores = *form.part_of(HeadPart::kClasses, form.levels()[0]);
  const HeadOutput& output = description.outputs[scores.output];
  const std::int64_t columns = form.columns(scores.output);
  const std::int64_t rows = element_count(reader.shape_of(output.name)) / columns;
  const bool columns_first = output.layout == HeadLayout::kColumnsFirst;
  std::vector<int> strides;
  for (std::int64_t row = 0; row < rows; tracer.forget()) {
    const std::int64_t place =
        columns_first ? scores.first * rows + row : row * columns + scores.first;
    const Formula* number = tracer.number(output.name, place);
    if (number == nullptr) return not_this_head(tracer.why());
    const auto found = behind(*number, scores.applied ? scores.function : HeadFunction::kNone,
                              tracer, 0, form.scores());
    if (!found) {
      return not_this_head(
          "row " + std::to_string(row) + " of \"" + output.name + "\": a score is not " +
          std::string(name_in(kHeadFunctionNames, scores.function)) + " of a raw number");
    }
    const Shape& map = reader.shape_of(found->raw.tensor);
    const auto stride = reader.stride_of(map[2], map[3]);
    if (!stride) return not_this_head(reader.why());
    if (std::ranges::find(strides, *stride) != strides.end()) {
      return not_this_head("\"" + output.name + "\" has more rows than cells at the stride " +
                           std::to_string(*stride));
    }
    strides.push_back(*stride);
    row += map[2] * map[3] * description.boxes_per_cell;
  }
  return strides;
}

int open_bins(HeadDescription description, int classes, const Graph& graph,
              const Observation& observed) {
  description.strides = {1};
  description.box.bins = 1;
  TailTracer tracer(graph, observed);
  const HeadForm form(description, classes, 1, 1);
  const FormPart& box = *form.part_of(HeadPart::kBox, form.levels()[0]);
  const HeadOutput& output = description.outputs[box.output];
  const TailReader reader(graph, observed);
  const std::int64_t columns = form.columns(box.output);
  const std::int64_t rows = element_count(reader.shape_of(output.name)) / columns;
  const bool columns_first = output.layout == HeadLayout::kColumnsFirst;
  std::array<Formula, 4> numbers;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::int64_t column = box.first + static_cast<std::int64_t>(i);
    const Formula* number = tracer.number(output.name, columns_first ? column * rows : column);
    if (number == nullptr) return 1;
    numbers[i] = *number;
  }
  const auto corners = corners_of(numbers, description.box.held == BoxHeld::kCentreSize);
  const auto mean = mean_distance(corners[0], tracer.atoms());
  return mean ? mean->bins : 1;
}

}  // namespace pare::engine
