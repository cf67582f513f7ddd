#include "engine/heads/described_numbers.h"

#include <utility>

#include "engine/heads/distances.h"

namespace pare::engine {
namespace {

std::optional<BehindNumber> behind_function(const Formula& number, AtomKind kind,
                                            const TailTracer& tracer) {
  const std::int32_t atom = number.single();
  if (atom < 0 || tracer.atoms().at(atom).kind != kind) return std::nullopt;
  const auto raw = tracer.raw(tracer.atoms().at(atom).of[0]);
  if (!raw) return std::nullopt;
  return BehindNumber{.raw = *raw, .weight = raw->weight, .scale = number.terms[0].weight};
}

std::optional<RawNumber> behind_sigmoid(std::int32_t atom, const TailTracer& tracer) {
  if (atom < 0 || tracer.atoms().at(atom).kind != AtomKind::kSigmoid) return std::nullopt;
  return tracer.raw(tracer.atoms().at(atom).of[0]);
}

// The factors of a product of two.
std::optional<std::array<std::int32_t, 2>> two_factors(const Formula& number) {
  if (number.constant != 0 || number.terms.size() != 1) return std::nullopt;
  const Factors& factors = number.terms[0].factors;
  if (factors[1] < 0 || factors[2] >= 0) return std::nullopt;
  return std::array{factors[0], factors[1]};
}

// (2 sigmoid)^2
std::optional<BehindNumber> behind_square(const Formula& number, const TailTracer& tracer) {
  const auto factors = two_factors(number);
  if (!factors || (*factors)[0] != (*factors)[1]) return std::nullopt;
  const auto raw = behind_sigmoid((*factors)[0], tracer);
  if (!raw) return std::nullopt;
  return BehindNumber{.raw = *raw, .weight = raw->weight, .scale = number.terms[0].weight / 4};
}

// An objectness stands before the classes that it is multiplied with.
std::optional<BehindNumber> behind_joint(const Formula& number, const TailTracer& tracer) {
  const auto factors = two_factors(number);
  if (!factors || number.terms[0].weight != 1) return std::nullopt;
  auto first = behind_sigmoid((*factors)[0], tracer);
  auto second = behind_sigmoid((*factors)[1], tracer);
  if (!first || !second || first->weight != 1 || second->weight != 1) return std::nullopt;
  if (first->channel > second->channel) std::swap(first, second);
  return BehindNumber{.raw = *second, .objectness = first};
}

std::optional<BehindNumber> behind_share(const Formula& number, const TailTracer& tracer,
                                         int member, int members) {
  const std::int32_t atom = number.single();
  if (atom < 0 || number.terms[0].weight != 1 || tracer.atoms().at(atom).kind != AtomKind::kShare) {
    return std::nullopt;
  }
  const Atom& share = tracer.atoms().at(atom);
  const auto& group = tracer.atoms().at(share.tensor).of;
  if (share.place != member || std::cmp_not_equal(group.size(), members)) return std::nullopt;
  const auto raw = tracer.raw(group[static_cast<std::size_t>(member)]);
  if (!raw || raw->weight != 1) return std::nullopt;
  return BehindNumber{.raw = *raw};
}

class BoxNumbers {
 public:
  BoxNumbers(const HeadBox& box, const TailTracer& tracer, int stride)
      : box_(box), tracer_(tracer), stride_(stride) {}

  double unit(double anchor) const {
    return box_.unit == BoxUnit::kStride ? stride_ : box_.unit == BoxUnit::kPixel ? 1 : anchor;
  }

  // From the point of its cell, along one axis; `sign` -1: towards the left or the top.
  std::optional<BehindNumber> distance(const Formula& side, std::int64_t at, int sign) const {
    if (!is_close(side.constant, (static_cast<double>(at) + box_.origin) * stride_)) {
      return std::nullopt;
    }
    const Formula own = scaled({0, side.terms}, sign);
    std::optional<BehindNumber> found;
    if (box_.bins == 1) {
      found = behind(own, box_.function, tracer_);
    } else if (const auto mean = mean_distance(own, tracer_.atoms());
               mean && mean->bins == box_.bins) {
      const auto first = first_bin(*mean, tracer_);
      if (first) found = BehindNumber{.raw = *first, .scale = mean->weight};
    }
    if (!found || !(found->scale > 0)) return std::nullopt;
    // A model scales what it predicts by what it learned: numbers may be of any scale.
    const bool free = box_.bins == 1 && box_.function == HeadFunction::kNone;
    return free || is_close(found->scale, unit(1)) ? found : std::nullopt;
  }

  std::optional<BehindNumber> centre(const Formula& centre, std::int64_t at, double anchor,
                                     double& reach) const {
    const bool sigmoid = box_.centre == HeadFunction::kSigmoid;
    auto found = behind({0, centre.terms}, box_.centre, tracer_);
    if (found && sigmoid && reach == 0) reach = found->scale / stride_;
    if (sigmoid && !(reach > 0)) return std::nullopt;
    const double before = sigmoid ? (reach - 1) / 2 : 0;
    const double expected = (static_cast<double>(at) + box_.origin - before) * stride_;
    const double scale = sigmoid ? reach * stride_ : box_.centre_scale * unit(anchor);
    if (!found || !is_close(centre.constant, expected) || !is_close(found->scale, scale)) {
      return std::nullopt;
    }
    return found;
  }

  std::optional<BehindNumber> size(const Formula& size, double& anchor) const {
    auto found = behind(size, box_.size, tracer_);
    if (!found) return std::nullopt;
    const bool exp = box_.size == HeadFunction::kExp;
    const double more = box_.size == HeadFunction::kNone ? box_.size_scale : 1;
    if (box_.unit == BoxUnit::kAnchor && anchor == 0) anchor = found->scale / more;
    const bool fits = is_close(found->scale, more * unit(anchor)) && found->scale > 0 &&
                      is_close(found->weight, exp ? box_.size_scale : 1);
    return fits ? found : std::nullopt;
  }

 private:
  const HeadBox& box_;
  const TailTracer& tracer_;
  int stride_;
};

}  // namespace

std::optional<BehindNumber> behind(const Formula& number, HeadFunction function,
                                   const TailTracer& tracer, int member, int members) {
  switch (function) {
    case HeadFunction::kNone: {
      auto raw = tracer.raw(number);
      if (!raw) return std::nullopt;
      return BehindNumber{.raw = *raw, .scale = raw->weight};
    }
    case HeadFunction::kSigmoid: return behind_function(number, AtomKind::kSigmoid, tracer);
    case HeadFunction::kExp: return behind_function(number, AtomKind::kExp, tracer);
    case HeadFunction::kRelu: return behind_function(number, AtomKind::kRelu, tracer);
    case HeadFunction::kSoftmax: return behind_share(number, tracer, member, members);
    case HeadFunction::kSquaredSigmoid: return behind_square(number, tracer);
    case HeadFunction::kJointSigmoid: return behind_joint(number, tracer);
  }
  return std::nullopt;
}

std::optional<std::array<BehindNumber, 4>> behind_box(
    const HeadBox& box, const std::array<Formula, 4>& numbers, const TailTracer& tracer, int stride,
    std::array<std::int64_t, 2> at, std::array<double, 2>& anchor, double& reach) {
  const BoxNumbers read(box, tracer, stride);
  const bool corners = box.held == BoxHeld::kCorners;
  std::array<BehindNumber, 4> found;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Formula& low = numbers[axis];
    const Formula& high = numbers[axis + 2];
    std::optional<BehindNumber> first, second;
    if (box.from == BoxFrom::kDistances) {
      const auto sides = corners_of(numbers, !corners);
      first = read.distance(sides[axis], at[axis], -1);
      second = read.distance(sides[axis + 2], at[axis], 1);
    } else {
      second = read.size(corners ? without_dust(sum(high, low, -1)) : high, anchor[axis]);
      const Formula centre = corners ? scaled(without_dust(sum(low, high)), 0.5) : low;
      first = read.centre(centre, at[axis], anchor[axis], reach);
    }
    if (!first || !second) return std::nullopt;
    found[axis] = *first;
    found[axis + 2] = *second;
  }
  return found;
}

}  // namespace pare::engine
