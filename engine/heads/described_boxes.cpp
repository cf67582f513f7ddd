// Boxes read from the outputs of a described head.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/heads/box_rows.h"
#include "engine/heads/described_match.h"
#include "engine/heads/head_form.h"
#include "engine/heads/row_layout.h"
#include "engine/heads/tail_reader.h"

namespace pare::engine {
namespace {

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

double through_function(HeadFunction function, double x) {
  switch (function) {
    case HeadFunction::kNone:
    case HeadFunction::kSoftmax: return x;
    case HeadFunction::kSigmoid:
    case HeadFunction::kJointSigmoid: return logistic(x);
    case HeadFunction::kExp: return std::exp(x);
    case HeadFunction::kRelu: return std::max(0.0, x);
    case HeadFunction::kSquaredSigmoid: return 4 * logistic(x) * logistic(x);
  }
  return x;
}

class DescribedReader {
 public:
  DescribedReader(const HeadDescription& of, const HeadForm& form, std::span<const Tensor> outputs,
                  int height, int width)
      : of_(of), form_(form), outputs_(outputs), height_(height), width_(width) {}

  void read(std::size_t l, double threshold, std::vector<Detection>& found) {
    level_ = &form_.levels()[l];
    reach_ = reach_at(of_.box, l);
    anchors_ = of_.anchors.empty() ? nullptr : &of_.anchors[l];
    const FormPart* const objectness = form_.part_of(HeadPart::kObjectness, *level_);
    const FormPart& scores = *form_.part_of(HeadPart::kClasses, *level_);
    for (cell_ = 0; cell_ < level_->cells(); ++cell_) {
      for (anchor_ = 0; anchor_ < level_->anchors; ++anchor_) {
        const double object = objectness == nullptr ? 1 : score(*objectness, 0);
        // No score is above this one.
        if (!((of_.root ? std::sqrt(std::max(0.0, object)) : object) > threshold)) continue;
        read_classes(scores, object, threshold, found);
      }
    }
  }

 private:
  double at(const FormPart& part, int column) const {
    const std::int64_t place = form_.place(part, *level_, anchor_, cell_, column);
    return static_cast<double>(
        outputs_[part.output].values<float>()[static_cast<std::size_t>(place)]);
  }

  double score(const FormPart& part, int column) const {
    return part.applied ? at(part, column) : through_function(part.function, at(part, column));
  }

  void read_classes(const FormPart& scores, double object, double threshold,
                    std::vector<Detection>& found) {
    const bool choice = scores.function == HeadFunction::kSoftmax && !scores.applied;
    const double whole = choice ? sum_of_exponentials(scores) : 1;
    std::optional<Box> box;
    for (int c = 0; c < form_.classes(); ++c) {
      const int column = form_.first_class() + c;
      const double of_class =
          choice ? std::exp(at(scores, column) - highest_) / whole : score(scores, column);
      const double both = object * of_class;
      const double all = of_.root ? std::sqrt(std::max(0.0, both)) : both;
      if (!(all > threshold)) continue;
      if (!box) box = box_here();
      found.push_back({*box, all, c});
    }
  }

  double sum_of_exponentials(const FormPart& scores) {
    highest_ = at(scores, 0);
    for (int c = 1; c < form_.scores(); ++c) highest_ = std::max(highest_, at(scores, c));
    double whole = 0;
    for (int c = 0; c < form_.scores(); ++c) whole += std::exp(at(scores, c) - highest_);
    return whole;
  }

  Box box_here() const {
    const FormPart& part = *form_.part_of(HeadPart::kBox, *level_);
    if (of_.box.held != BoxHeld::kRaw) {
      const double across = of_.box.shares ? width_ : 1;
      const double down = of_.box.shares ? height_ : 1;
      const std::array<double, 4> numbers = {at(part, 0) * across, at(part, 1) * down,
                                             at(part, 2) * across, at(part, 3) * down};
      return of_.box.held == BoxHeld::kCorners ? box_of_corners(numbers) : box_of_centre(numbers);
    }
    const auto x = along(part, 0, cell_ % level_->nx);
    const auto y = along(part, 1, cell_ / level_->nx);
    return {x.first, y.first, x.second - x.first, y.second - y.first};
  }

  // From and to, in pixels.
  std::pair<double, double> along(const FormPart& part, int axis, std::int64_t at_cell) const {
    const HeadBox& box = of_.box;
    const double stride = level_->stride;
    const double point = (static_cast<double>(at_cell) + box.origin) * stride;
    if (box.from == BoxFrom::kDistances) {
      return {point - unit(axis) * distance(part, axis),
              point + unit(axis) * distance(part, axis + 2)};
    }
    const double moved = value(part, axis, box.centre);
    const double centre = box.centre == HeadFunction::kSigmoid
                              ? point + (reach_ * moved - (reach_ - 1) / 2) * stride
                              : point + unit(axis) * box.centre_scale * moved;
    const double length = unit(axis) * size(part, axis + 2);
    return {centre - length / 2, centre + length / 2};
  }

  double size(const FormPart& part, int column) const {
    const HeadFunction function = of_.box.size;
    const double number = at(part, column);
    if (function == HeadFunction::kSquaredSigmoid) {
      const double share = part.applied ? number : logistic(number);
      return 4 * share * share;
    }
    return part.applied ? number : through_function(function, of_.box.size_scale * number);
  }

  double value(const FormPart& part, int column, HeadFunction function) const {
    return part.applied ? at(part, column) : through_function(function, at(part, column));
  }

  double distance(const FormPart& part, int side) const {
    const int bins = of_.box.bins;
    if (bins == 1) return value(part, side, of_.box.function);
    double highest = at(part, side * bins);
    for (int bin = 1; bin < bins; ++bin) highest = std::max(highest, at(part, side * bins + bin));
    double whole = 0, weighed = 0;
    for (int bin = 0; bin < bins; ++bin) {
      const double share = std::exp(at(part, side * bins + bin) - highest);
      whole += share;
      weighed += share * bin;
    }
    return weighed / whole;
  }

  double unit(int axis) const {
    switch (of_.box.unit) {
      case BoxUnit::kStride: return level_->stride;
      case BoxUnit::kPixel: return 1;
      case BoxUnit::kAnchor: break;
    }
    return (*anchors_)[static_cast<std::size_t>(anchor_)][static_cast<std::size_t>(axis)];
  }

  const HeadDescription& of_;
  const HeadForm& form_;
  std::span<const Tensor> outputs_;
  int height_, width_;
  const HeadForm::Level* level_ = nullptr;
  const HeadAnchors* anchors_ = nullptr;
  double reach_ = 1;
  std::int64_t cell_ = 0;
  int anchor_ = 0;
  double highest_ = 0;  // of the logits at hand
};

std::vector<Shape> shapes_in(std::span<const Tensor> outputs) {
  std::vector<Shape> shapes;
  shapes.reserve(outputs.size());
  for (const Tensor& output : outputs) {
    shapes.push_back(output.dtype() == DType::kFloat32 ? output.shape() : Shape{});
  }
  return shapes;
}

}  // namespace

Result<std::vector<Detection>> decode_described(const HeadDescription& description,
                                                std::span<const Tensor> outputs, int height,
                                                int width, double score_threshold) {
  const std::vector<Shape> shapes = shapes_in(outputs);
  const std::size_t count = description.outputs.size();
  const auto classes = shapes.size() == count ? described_classes(description, shapes)
                                              : Result<int>(not_this_head("another number"));
  const HeadForm form(description, classes ? classes.value() : 1, height, width);
  std::string expected;
  bool fits = classes.has_value();
  for (std::size_t o = 0; o < count; ++o) {
    expected += (o == 0 ? "" : ", ") + text_of(form.shape(o));
    fits = fits && shapes[o] == form.shape(o);
  }
  if (!fits) return not_outputs_of("as described", outputs, height, width, expected);
  std::vector<Detection> found;
  DescribedReader reader(description, form, outputs, height, width);
  for (std::size_t l = 0; l < form.levels().size(); ++l) reader.read(l, score_threshold, found);
  return found;
}

}  // namespace pare::engine
