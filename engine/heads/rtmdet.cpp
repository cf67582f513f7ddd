#include "engine/heads/rtmdet.h"

#include <algorithm>

#include "engine/heads/family.h"
#include "engine/heads/head_form.h"
#include "engine/heads/tail_algebra.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr const char* kOutputs = "scores and four distances for each stride";

Result<std::vector<HeadDescription>> candidates(const Graph& graph, const Observation& observed) {
  const OutputsOfLevels levels = outputs_of_levels(graph, observed, 1);
  if (levels.outputs.empty() || levels.outputs.size() != 2 * levels.strides.size()) {
    return not_this_head(std::string("its outputs are not ") + kOutputs);
  }
  HeadDescription head{.strides = levels.strides, .box = {.unit = BoxUnit::kPixel}};
  std::vector<int> boxes;  // strides of distances
  for (const ShapedOutput& one : levels.outputs) {
    HeadOutput output = one.output;
    const auto first = first_number(graph, observed, output.name);
    const bool scores = std::ranges::find(boxes, output.stride) != boxes.end() ||
                        one.columns != 4 || (first && first->function == HeadFunction::kSigmoid);
    if (scores) {
      output.columns = {
          scores_of(graph, observed, output.name, HeadPart::kClasses, HeadFunction::kSigmoid)};
    } else {
      if (!first || !is_close(first->scale, output.stride)) {
        return not_this_head("\"" + output.name + "\" is not a distance times the stride " +
                             std::to_string(output.stride));
      }
      boxes.push_back(output.stride);
      head.box.function = first->function;
      output.columns = {{HeadPart::kBox}};
    }
    head.outputs.push_back(std::move(output));
  }
  if (auto fine = check_description(head); !fine) return not_this_head(fine.error().message);
  return std::vector{head};
}

}  // namespace

HeadDef head_rtmdet() {
  return family_head("rtmdet",
                     {.rgb = false,
                      .resize = Resize::kLetterboxTopLeft,
                      .pad_value = 114,
                      .mean = {103.53, 116.28, 123.675},
                      .std = {57.375, 57.12, 58.395}},
                     candidates);
}

}  // namespace pare::engine
