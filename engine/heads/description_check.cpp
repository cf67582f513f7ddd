// What a description of a head may say.
#include <algorithm>
#include <initializer_list>
#include <utility>

#include "engine/graph/messages.h"
#include "engine/heads/head_form.h"

namespace pare::engine {
namespace {

bool is_of_maps(HeadLayout layout) {
  return layout == HeadLayout::kMaps || layout == HeadLayout::kAnchorMaps;
}

bool is_one_of(HeadFunction function, std::initializer_list<HeadFunction> known) {
  return std::ranges::find(known, function) != known.end();
}

Result<std::monostate> check_columns(const std::string& field, const HeadColumns& columns) {
  using enum HeadFunction;
  const bool box_or_other = columns.part == HeadPart::kBox || columns.part == HeadPart::kOther;
  const bool known = box_or_other ? columns.function == kNone
                     : columns.part == HeadPart::kObjectness
                         ? is_one_of(columns.function, {kNone, kSigmoid})
                         : is_one_of(columns.function, {kNone, kSigmoid, kSoftmax, kJointSigmoid});
  if (!known) {
    return bad_description(
        field + ".function", in_quotes(name_in(kHeadFunctionNames, columns.function)),
        columns.part == HeadPart::kBox
            ? "what a box's numbers go through is said under box"
            : "no function of " + in_quotes(name_in(kHeadPartNames, columns.part)));
  }
  if (columns.function == kJointSigmoid && !columns.applied) {
    return bad_description(field + ".function", in_quotes("joint_sigmoid"),
                           "an output before it has an objectness of its own");
  }
  if (columns.part == HeadPart::kOther && columns.count < 1) {
    return bad_description(field + ".count", std::to_string(columns.count), "say how many columns");
  }
  return std::monostate{};
}

Result<std::monostate> check_box(const HeadDescription& of) {
  using enum HeadFunction;
  const HeadBox& box = of.box;
  const bool distances = box.from == BoxFrom::kDistances;
  const auto wrong = [](const char* field, HeadFunction function, const char* why) {
    return bad_description(field, in_quotes(name_in(kHeadFunctionNames, function)), why);
  };
  if (!is_one_of(box.function, {kNone, kExp, kRelu})) {
    return wrong("box.function", box.function, "of distances it is none, exp or relu");
  }
  if (!is_one_of(box.centre, {kNone, kSigmoid})) {
    return wrong("box.centre", box.centre, "a centre's is none or sigmoid");
  }
  if (!is_one_of(box.size, {kNone, kExp, kSquaredSigmoid})) {
    return wrong("box.size", box.size, "a size's is none, exp or squared_sigmoid");
  }
  if (box.bins > 1 && (!distances || box.function != kNone)) {
    return bad_description("box.bins", std::to_string(box.bins),
                           "only distances without a function are distributions");
  }
  if (box.reach.size() > 1 && box.reach.size() != of.strides.size()) {
    return bad_description("box.reach", "of " + std::to_string(box.reach.size()) + " strides",
                           "there are " + std::to_string(of.strides.size()) + " strides");
  }
  if (distances && box.unit == BoxUnit::kAnchor) {
    return bad_description("box.unit", in_quotes("anchor"), "distances are in strides or pixels");
  }
  if (box.unit == BoxUnit::kAnchor && box.held == BoxHeld::kRaw && of.anchors.empty()) {
    return bad_description("anchors", "none", "boxes that are told from anchors need them");
  }
  return std::monostate{};
}

Result<std::monostate> check_anchors(const HeadDescription& of) {
  if (of.anchors.empty()) return std::monostate{};
  if (of.anchors.size() != of.strides.size()) {
    return bad_description("anchors", "of " + std::to_string(of.anchors.size()) + " strides",
                           "there are " + std::to_string(of.strides.size()) + " strides");
  }
  for (const HeadAnchors& at : of.anchors) {
    if (at.empty()) return bad_description("anchors", "none at a stride", "each has some");
  }
  return std::monostate{};
}

// How often a stride (0: one of rows) has a part.
int times(const HeadDescription& of, HeadPart part, int stride) {
  int found = 0;
  for (const HeadOutput& output : of.outputs) {
    if (output.stride != 0 && output.stride != stride) continue;
    for (const HeadColumns& columns : output.columns) found += columns.part == part ? 1 : 0;
  }
  return found;
}

Result<std::monostate> check_outputs(const HeadDescription& of) {
  for (std::size_t o = 0; o < of.outputs.size(); ++o) {
    const HeadOutput& output = of.outputs[o];
    const std::string field = "outputs[" + std::to_string(o) + "]";
    const bool known = std::ranges::find(of.strides, output.stride) != of.strides.end();
    if (output.stride != 0 && !known) {
      return bad_description(field + ".stride", std::to_string(output.stride),
                             "is none of the strides");
    }
    if (output.stride == 0 && is_of_maps(output.layout)) {
      return bad_description(field + ".layout", in_quotes(name_in(kHeadLayoutNames, output.layout)),
                             "maps are of one stride: say which");
    }
    for (std::size_t c = 0; c < output.columns.size(); ++c) {
      const auto fine =
          check_columns(field + ".columns[" + std::to_string(c) + "]", output.columns[c]);
      if (!fine) return fine;
    }
  }
  for (const int stride : of.strides) {
    const std::string at = " at the stride " + std::to_string(stride);
    const int boxes = times(of, HeadPart::kBox, stride);
    if (boxes != 1) {
      return bad_description("outputs", std::to_string(boxes) + " of \"box\"" + at, "must be one");
    }
    const int classes = times(of, HeadPart::kClasses, stride);
    if (classes != 1) {
      return bad_description("outputs", std::to_string(classes) + " of \"classes\"" + at,
                             "must be one");
    }
    const int objectness = times(of, HeadPart::kObjectness, stride);
    if (objectness > 1) {
      return bad_description("outputs", std::to_string(objectness) + " of \"objectness\"" + at,
                             "must be one at most");
    }
  }
  return std::monostate{};
}

}  // namespace

Error bad_description(const std::string& field, const std::string& value, const std::string& why) {
  return {ErrorCode::kInvalidArgument, "head_description." + field + ": " + value + ": " + why};
}

Result<std::monostate> check_description(const HeadDescription& description) {
  if (description.outputs.empty()) return bad_description("outputs", "none", "name the outputs");
  for (std::size_t s = 0; s < description.strides.size(); ++s) {
    if (std::ranges::count(description.strides, description.strides[s]) == 1) continue;
    return bad_description("strides", std::to_string(description.strides[s]), "stands there twice");
  }
  if (auto fine = check_box(description); !fine) return fine;
  if (auto fine = check_anchors(description); !fine) return fine;
  return check_outputs(description);
}

}  // namespace pare::engine
