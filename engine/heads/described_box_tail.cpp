#include "engine/heads/described_box_tail.h"

namespace pare::engine {

std::string BoxTail::joined(const std::vector<std::string>& parts, std::int64_t axis) {
  return parts.size() == 1 ? parts[0] : tail_.add("Concat", parts, {{"axis", axis}});
}

std::string BoxTail::times(const std::string& x, double by) {
  if (by == 1) return x;
  const float factor[] = {static_cast<float>(by)};
  return tail_.add("Mul", {x, tail_.constant({}, factor)});
}

std::string BoxTail::through(HeadFunction function, const std::string& x, double scale) {
  switch (function) {
    case HeadFunction::kNone: return times(x, scale);
    case HeadFunction::kSigmoid:
    case HeadFunction::kJointSigmoid: return times(tail_.add("Sigmoid", {x}), scale);
    case HeadFunction::kExp: return times(tail_.add("Exp", {x}), scale);
    case HeadFunction::kRelu: return times(tail_.add("Relu", {x}), scale);
    case HeadFunction::kSoftmax: return tail_.add("Softmax", {x}, {{"axis", std::int64_t{2}}});
    case HeadFunction::kSquaredSigmoid: {
      const std::string s = tail_.add("Sigmoid", {x});
      return times(tail_.add("Mul", {s, s}), 4 * scale);
    }
  }
  return x;
}

// Of a distribution its mean, for each side.
std::string BoxTail::distances(const std::string& raw, const RawPart& from, std::size_t l) {
  if (box_.bins == 1) return through(box_.function, times(raw, from.weight), from.scale);
  const std::string apart = tail_.reshape(raw, {1, boxes(l) * 4, box_.bins});
  std::vector<float> bins(static_cast<std::size_t>(box_.bins));
  for (std::size_t bin = 0; bin < bins.size(); ++bin) {
    bins[bin] = static_cast<float>(static_cast<double>(bin) * from.scale);
  }
  const std::string shares = tail_.add("Softmax", {apart}, {{"axis", std::int64_t{2}}});
  return tail_.reshape(tail_.add("MatMul", {shares, tail_.constant({box_.bins, 1}, bins)}),
                       {1, boxes(l), 4});
}

std::string BoxTail::decoded(const std::string& raw, const RawPart& from, std::size_t l) {
  const bool distances_known = box_.from == BoxFrom::kDistances;
  const auto halves = tail_.split(distances_known ? distances(raw, from, l) : raw, 2, {2, 2});
  std::string first, second;  // corners, or centre and size
  if (distances_known) {
    const std::string points = points_of(l, 0);
    first = tail_.add("Sub", {points, halves[0]});
    second = tail_.add("Add", {points, halves[1]});
  } else {
    first = centre(halves[0], l);
    second = size(halves[1], l);
  }
  const bool wants_corners = box_.held == BoxHeld::kCorners;
  if (distances_known && !wants_corners) {
    const std::string both = tail_.add("Add", {first, second});
    second = tail_.add("Sub", {second, first});
    first = times(both, 0.5);
  } else if (!distances_known && wants_corners) {
    const std::string half = times(second, 0.5);
    second = tail_.add("Add", {first, half});
    first = tail_.add("Sub", {first, half});
  }
  const std::string pixels = joined({first, second}, 2);
  if (!box_.shares) return pixels;
  const float per[] = {1 / static_cast<float>(input_[3]), 1 / static_cast<float>(input_[2]),
                       1 / static_cast<float>(input_[3]), 1 / static_cast<float>(input_[2])};
  return tail_.add("Mul", {pixels, tail_.constant({1, 1, 4}, per)});
}

std::string BoxTail::centre(const std::string& raw, std::size_t l) {
  if (box_.centre == HeadFunction::kSigmoid) {
    const double reach = reach_at(box_, l);
    return tail_.add("Add", {through(box_.centre, raw, reach * form_.levels()[l].stride),
                             points_of(l, (reach - 1) / 2)});
  }
  return tail_.add("Add", {by_unit(times(raw, box_.centre_scale), l), points_of(l, 0)});
}

std::string BoxTail::size(const std::string& raw, std::size_t l) {
  if (box_.size == HeadFunction::kSquaredSigmoid) return by_unit(through(box_.size, raw, 1), l);
  return by_unit(through(box_.size, times(raw, box_.size_scale), 1), l);
}

std::string BoxTail::by_unit(const std::string& x, std::size_t l) {
  if (box_.unit != BoxUnit::kAnchor) {
    return times(x, box_.unit == BoxUnit::kStride ? form_.levels()[l].stride : 1);
  }
  const HeadAnchors& anchors = match_.levels[l].anchors;
  return tail_.add("Mul", {x, of_boxes(l, [&](std::int64_t, int anchor, std::size_t axis) {
                             return anchors[static_cast<std::size_t>(anchor)][axis];
                           })});
}

// Points of the cells, so much of a cell less.
std::string BoxTail::points_of(std::size_t l, double less) {
  const HeadForm::Level& level = form_.levels()[l];
  return of_boxes(l, [&](std::int64_t cell, int, std::size_t axis) {
    const std::int64_t at = axis == 0 ? cell % level.nx : cell / level.nx;
    return (static_cast<double>(at) + box_.origin - less) * level.stride;
  });
}

// A constant (1, boxes, 2).
std::string BoxTail::of_boxes(std::size_t l, const NumberOfBox& number) {
  const HeadForm::Level& level = form_.levels()[l];
  std::vector<float> values(static_cast<std::size_t>(boxes(l) * 2));
  for (std::int64_t cell = 0; cell < level.cells(); ++cell) {
    for (int anchor = 0; anchor < level.anchors; ++anchor) {
      const auto row = static_cast<std::size_t>(form_.row(level, anchor, cell));
      for (const std::size_t axis : {0U, 1U}) {
        values[2 * row + axis] = static_cast<float>(number(cell, anchor, axis));
      }
    }
  }
  return tail_.constant({1, boxes(l), 2}, values);
}

}  // namespace pare::engine
