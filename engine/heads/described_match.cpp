// A described head, found in a graph.
#include "engine/heads/described_match.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/heads/described_channels.h"
#include "engine/heads/described_numbers.h"
#include "engine/heads/row_layout.h"
#include "engine/heads/tail_reader.h"
#include "engine/heads/tail_tracer.h"

namespace pare::engine {
namespace {

class DescribedRecogniser {
 public:
  DescribedRecogniser(std::string head, const HeadDescription& of, const Graph& graph,
                      const Observation& observed)
      : graph_(graph), observed_(observed), reader_(graph, observed), tracer_(graph, observed) {
    match_.head = std::move(head);
    match_.description = of;
  }

  Result<HeadMatch> run() {
    std::vector<Shape> shapes;
    for (const HeadOutput& output : of().outputs) {
      match_.outputs.push_back(output.name);
      shapes.push_back(reader_.shape_of(output.name));
    }
    const auto classes = described_classes(of(), shapes);
    if (!classes) return not_this_head(classes.error().message);
    match_.classes = classes.value();
    if (of().box.bins == 0) of().box.bins = open_bins(of(), match_.classes, graph_, observed_);
    match_.bins = of().box.bins;
    if (of().strides.empty()) {
      auto strides = open_strides(of(), match_.classes, graph_, observed_);
      if (!strides) return strides.error();
      of().strides = std::move(strides).value();
    }
    const Shape& image = graph_.inputs[0].shape;
    form_.emplace(of(), match_.classes, image[2], image[3]);
    for (std::size_t o = 0; o < shapes.size(); ++o) {
      if (form_->shape(o) == shapes[o]) continue;
      tracer_.fail("\"" + match_.outputs[o] + "\" is " + text_of(shapes[o]) + ", not " +
                   text_of(form_->shape(o)) + " as strides and boxes a cell have it");
      return refused();
    }
    for (const HeadForm::Level& level : form_->levels()) {
      if (!add_level(level)) return refused();
    }
    of().anchors = learned_;
    of().box.reach = reaches_;
    return match_;
  }

 private:
  HeadDescription& of() { return *match_.description; }

  Error refused() const {
    return near_ ? nearly_this_head(tracer_.why()) : not_this_head(tracer_.why());
  }

  bool refuse(const FormPart& part, const std::string& what) {
    tracer_.fail("\"" + match_.outputs[part.output] + "\", " + what);
    return false;
  }

  static std::string score_text(const FormPart& part) {
    const std::string named(name_in(kHeadPartNames, part.part));
    const std::string function(name_in(kHeadFunctionNames, part.function));
    return named + (part.applied && part.function != HeadFunction::kNone
                        ? " is not the " + function + " of a raw number"
                        : " is not a raw number");
  }

  bool add_level(const HeadForm::Level& level) {
    HeadLevel made{.stride = level.stride, .tensors = {}};
    channels_.emplace(form_->parts().size() + 1, level, of().box);
    const std::size_t l = match_.levels.size();
    reach_ = of().box.reach.empty() ? 0 : reach_at(of().box, l);
    HeadAnchors anchors(static_cast<std::size_t>(level.anchors), {0, 0});
    if (!of().anchors.empty()) anchors = of().anchors[l];
    for (int anchor = 0; anchor < level.anchors; ++anchor) {
      for (std::int64_t cell = 0; cell < level.cells(); ++cell) {
        if (!is_looked_at(cell, level.ny, level.nx)) continue;
        tracer_.forget();
        if (!parts_fit(level, anchor, cell, anchors[static_cast<std::size_t>(anchor)])) {
          return false;
        }
      }
    }
    if (reach_ != 0) reaches_.push_back(reach_);
    if (of().box.unit == BoxUnit::kAnchor) {
      made.anchors = anchors;
      learned_.push_back(std::move(anchors));
    }
    if (!channels_->fill(made, reader_)) {
      tracer_.fail(reader_.why());
      return false;
    }
    match_.levels.push_back(std::move(made));
    return true;
  }

  // Scores first: a head of which they fit is nearly this one.
  bool parts_fit(const HeadForm::Level& level, int anchor, std::int64_t cell,
                 std::array<double, 2>& sides) {
    for (const bool boxes : {false, true}) {
      for (std::size_t p = 0; p < form_->parts().size(); ++p) {
        const FormPart& part = form_->parts()[p];
        if (!form_->has(part, level) || (part.part == HeadPart::kBox) != boxes) continue;
        if (!part_fits(p, level, anchor, cell, sides)) return false;
      }
    }
    return true;
  }

  bool part_fits(std::size_t p, const HeadForm::Level& level, int anchor, std::int64_t cell,
                 std::array<double, 2>& sides) {
    const FormPart& part = form_->parts()[p];
    if (part.part == HeadPart::kBox && of().box.held != BoxHeld::kRaw) {
      return box_fits(p, level, anchor, cell, sides);
    }
    for (int column = 0; column < part.count; ++column) {
      if (!number_fits(p, level, anchor, cell, column)) return false;
    }
    return true;
  }

  HeadFunction function_of(const FormPart& part, int column) const {
    if (!part.applied) return HeadFunction::kNone;
    if (part.part != HeadPart::kBox) return part.function;
    return applied_to_box(match_.description->box, column);
  }

  bool number_fits(std::size_t p, const HeadForm::Level& level, int anchor, std::int64_t cell,
                   int column) {
    const FormPart& part = form_->parts()[p];
    const std::int64_t place = form_->place(part, level, anchor, cell, column);
    const Formula* number = tracer_.number(match_.outputs[part.output], place);
    if (number == nullptr) return false;
    const auto found = behind(*number, function_of(part, column), tracer_, column, form_->scores());
    const bool plain = part.part == HeadPart::kBox || part.part == HeadPart::kOther;
    if (!found || (!plain && found->scale != 1)) {
      return refuse(part, at_text(level, anchor, cell) + score_text(part));
    }
    near_ = near_ || part.part == HeadPart::kClasses;
    if (found->objectness &&
        !channels_->is_of({form_->parts().size(), anchor, 0, cell}, *found->objectness)) {
      return refuse(part, at_text(level, anchor, cell) + "the objectness is not that of the cell");
    }
    if (channels_->is_of({p, anchor, column, cell}, found->raw, *found)) return true;
    return refuse(part, at_text(level, anchor, cell) +
                            std::string(name_in(kHeadPartNames, part.part)) +
                            " is not made from the raw numbers of this cell in their order");
  }

  static std::string at_text(const HeadForm::Level& level, int anchor, std::int64_t cell) {
    return "stride " + std::to_string(level.stride) + ", cell " + std::to_string(cell) + ", box " +
           std::to_string(anchor) + ": ";
  }

  bool box_fits(std::size_t p, const HeadForm::Level& level, int anchor, std::int64_t cell,
                std::array<double, 2>& sides) {
    const FormPart& part = form_->parts()[p];
    const HeadBox& box = of().box;
    std::array<Formula, 4> numbers;
    for (int column = 0; column < 4; ++column) {
      const Formula* number = tracer_.number(match_.outputs[part.output],
                                             form_->place(part, level, anchor, cell, column));
      if (number == nullptr) return false;
      const std::size_t side = column % 2 == 0 ? 3 : 2;
      const auto length = static_cast<double>(graph_.inputs[0].shape[side]);
      numbers[static_cast<std::size_t>(column)] = box.shares ? scaled(*number, length) : *number;
    }
    const auto found = behind_box(box, numbers, tracer_, level.stride,
                                  {cell % level.nx, cell / level.nx}, sides, reach_);
    if (!found) {
      return refuse(part, at_text(level, anchor, cell) + "the box is not told from " +
                              std::string(name_in(kBoxFromNames, box.from)) +
                              " as the description says");
    }
    for (std::size_t side = 0; side < 4; ++side) {
      const int column = static_cast<int>(side) * box.bins;
      if (!channels_->is_of({p, anchor, column, cell}, (*found)[side].raw, (*found)[side])) {
        return refuse(part, at_text(level, anchor, cell) +
                                "the box is not made from the raw numbers of this cell in their "
                                "order");
      }
    }
    return true;
  }

  const Graph& graph_;
  const Observation& observed_;
  TailReader reader_;
  TailTracer tracer_;
  HeadMatch match_;
  std::optional<HeadForm> form_;
  std::optional<LevelChannels> channels_;  // of the level at hand
  double reach_ = 0;                       // of the level at hand; 0: not known
  std::vector<double> reaches_;
  std::vector<HeadAnchors> learned_;
  bool near_ = false;  // a class is as it should be
};

}  // namespace

Result<HeadMatch> recognise_described(const std::string& head, const HeadDescription& description,
                                      const Graph& graph, const Observation& observed) {
  return DescribedRecogniser(head, description, graph, observed).run();
}

}  // namespace pare::engine
