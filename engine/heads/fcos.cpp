#include "engine/heads/fcos.h"

#include <map>
#include <utility>

#include "engine/heads/family.h"
#include "engine/heads/head_form.h"
#include "engine/heads/tail_algebra.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

constexpr std::size_t kOutputsOfStride = 3;

class FcosOutputs {
 public:
  FcosOutputs(const Graph& graph, const Observation& observed)
      : graph_(graph), observed_(observed) {}

  Result<std::vector<HeadDescription>> run() {
    OutputsOfLevels levels = outputs_of_levels(graph_, observed_, 1);
    if (levels.outputs.size() != kOutputsOfStride * levels.strides.size() ||
        levels.outputs.empty()) {
      levels = {{}, outputs_of_rows(graph_, observed_)};
      if (levels.outputs.size() != kOutputsOfStride) {
        return not_this_head(
            "its outputs are not scores, distances and a centerness for each "
            "stride, or for each row");
      }
    }
    head_.strides = levels.strides;
    head_.box = {.held = BoxHeld::kRaw, .origin = 0.5};
    for (const ShapedOutput& one : levels.outputs) add(one);
    if (auto fine = check_description(head_); !fine) return not_this_head(fine.error().message);
    if (head_.box.held != BoxHeld::kRaw) return decoded();
    // Faces of YuNet have such outputs, and their boxes are no distances.
    if (head_.box.function == HeadFunction::kNone && head_.box.unit == BoxUnit::kStride) {
      return not_this_head("its boxes are raw numbers as they are, no distances");
    }
    return std::vector{head_};
  }

 private:
  void add(const ShapedOutput& one) {
    HeadOutput output = one.output;
    Seen& seen = seen_[output.stride];
    const auto first = first_number(graph_, observed_, output.name);
    const bool is_score = first && first->function == HeadFunction::kSigmoid;
    if (one.columns == 4 && !seen.box && !is_score) {
      seen.box = true;
      output.columns = {{HeadPart::kBox}};
      read_box(first, output.stride);
    } else {
      const bool classes = !std::exchange(seen.classes, true);
      const HeadPart part = classes ? HeadPart::kClasses : HeadPart::kObjectness;
      output.columns = {scores_of(graph_, observed_, output.name, part, HeadFunction::kSigmoid)};
    }
    head_.outputs.push_back(std::move(output));
  }

  void read_box(const std::optional<FirstNumber>& first, int stride) {
    if (!first) {
      head_.box.held = BoxHeld::kCorners;
      return;
    }
    head_.box.function = first->function;
    const bool pixels =
        first->function == HeadFunction::kExp || (stride > 0 && is_close(first->scale, stride));
    head_.box.unit = pixels ? BoxUnit::kPixel : BoxUnit::kStride;
  }

  std::vector<HeadDescription> decoded() const {
    std::vector<HeadDescription> found;
    for (const HeadFunction function :
         {HeadFunction::kNone, HeadFunction::kExp, HeadFunction::kRelu}) {
      for (const BoxUnit unit : {BoxUnit::kStride, BoxUnit::kPixel}) {
        found.push_back(head_);
        found.back().box.function = function;
        found.back().box.unit = unit;
      }
    }
    return found;
  }

  struct Seen {
    bool box = false, classes = false;
  };

  const Graph& graph_;
  const Observation& observed_;
  HeadDescription head_;
  std::map<int, Seen> seen_;  // by stride
};

Result<std::vector<HeadDescription>> candidates(const Graph& graph, const Observation& observed) {
  return FcosOutputs(graph, observed).run();
}

}  // namespace

HeadDef head_fcos() {
  return family_head("fcos",
                     {.rgb = false,
                      .resize = Resize::kLetterboxTopLeft,
                      .pad_value = 0,
                      .mean = {102.9801, 115.9465, 122.7717},
                      .std = {1, 1, 1}},
                     candidates);
}

}  // namespace pare::engine
