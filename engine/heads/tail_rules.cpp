// What the nodes of a tail compute: the rules of TailTracer that do more than move numbers.
#include <utility>

#include "engine/heads/tail_tracer.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kMostSummed = 256;  // numbers in one; a distribution has at most 64 bins

}  // namespace

bool TailTracer::function(const TailSource& source, std::int64_t place, Formula& made) {
  const Formula* of = trace(source.inputs[0], place);
  if (of != nullptr) made = of_atom(atoms_.function(source.function, *of));
  return of != nullptr;
}

bool TailTracer::arithmetic(const TailSource& source, std::int64_t place, Formula& made) {
  const auto index = index_of(place, source.shape);
  const auto operand = [&](std::size_t i) {
    return trace(source.inputs[i], place_of(index, sources_.input(source, i).shape));
  };
  const std::string& op = source.node->op;
  const Formula* const a = operand(0);
  if (a == nullptr) return false;
  if (op == "Neg") {
    made = scaled(*a, -1);
    return true;
  }
  const Formula* const b = operand(1);
  if (b == nullptr) return false;
  if (op == "Add" || op == "Sub") {
    made = sum(*a, *b, op == "Add" ? 1 : -1);
    return true;
  }
  if (op == "Div" && (!b->terms.empty() || b->constant == 0)) {
    return refuse(source, "divides by what is no constant number");
  }
  std::optional<Formula> both = op == "Div" ? scaled(*a, 1 / b->constant) : product(*a, *b);
  if (!both) return refuse(source, "multiplies more than a decode tail does");
  made = std::move(*both);
  return true;
}

bool TailTracer::power(const TailSource& source, std::int64_t place, Formula& made) {
  const auto index = index_of(place, source.shape);
  const TailSource& exponents = sources_.input(source, 1);
  const Formula* const exponent = trace(source.inputs[1], place_of(index, exponents.shape));
  if (exponent == nullptr || !exponent->terms.empty() || exponent->constant != 2) {
    return refuse(source, "is no square");
  }
  const Formula* const of =
      trace(source.inputs[0], place_of(index, sources_.input(source, 0).shape));
  if (of == nullptr) return false;
  auto square = product(*of, *of);
  if (!square) return refuse(source, "multiplies more than a decode tail does");
  made = std::move(*square);
  return true;
}

bool TailTracer::softmax(const TailSource& source, std::int64_t place, Formula& made) {
  const auto axis = static_cast<std::size_t>(source.axis);
  std::int64_t stride = 1;
  for (std::size_t d = axis + 1; d < source.shape.size(); ++d) stride *= source.shape[d];
  std::int64_t count = source.shape[axis];
  if (source.flattens) count *= std::exchange(stride, 1);
  if (count > kMostSummed) return refuse(source, "is taken over more than a decode tail does");
  const std::int64_t member = place / stride % count;
  const std::int64_t first = place - member * stride;
  const auto known = groups_.find({source.inputs[0], first});
  if (known != groups_.end()) {
    made = of_atom(atoms_.share(known->second, member));
    return true;
  }
  std::vector<Formula> members;
  for (std::int64_t i = 0; i < count; ++i) {
    const Formula* one = trace(source.inputs[0], first + i * stride);
    if (one == nullptr) return false;
    members.push_back(*one);
  }
  const std::int32_t group = atoms_.group(std::move(members));
  groups_[{source.inputs[0], first}] = group;
  made = of_atom(atoms_.share(group, member));
  return true;
}

bool TailTracer::add_weighted(int source, std::int64_t place, double weight, Formula& made) {
  if (weight == 0) return true;
  const Formula* one = trace(source, place);
  if (one == nullptr) return false;
  made = sum(made, *one, weight);
  return made.terms.size() <= kMostTerms ||
         refuse(sources_.at(source), "is added up with more numbers than a decode tail has");
}

bool TailTracer::summed(const TailSource& source, std::int64_t place, Formula& made) {
  const Shape& from = sources_.input(source, 0).shape;
  Shape kept = from;
  std::int64_t count = 1;
  for (const std::int64_t axis : source.axes) {
    count *= std::exchange(kept[static_cast<std::size_t>(axis)], 1);
  }
  if (count > kMostSummed) return refuse(source, "adds up more than a decode tail does");
  auto index = index_of(place, kept);
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i;
    for (const std::int64_t axis : source.axes) {
      const auto d = static_cast<std::size_t>(axis);
      index[d] = rest % from[d];
      rest /= from[d];
    }
    if (!add_weighted(source.inputs[0], place_of(index, from), 1, made)) return false;
  }
  return true;
}

bool TailTracer::matrix(const TailSource& source, std::int64_t place, Formula& made) {
  const TailSource& left = sources_.input(source, 0);
  const TailSource& right = sources_.input(source, 1);
  if (right.rule != TailRule::kConstant || right.shape.size() > 2 || left.shape.empty() ||
      left.shape.back() > kMostSummed || right.shape.empty() ||
      right.shape[0] != left.shape.back()) {
    return refuse(source, "does not multiply with a constant matrix");
  }
  const std::int64_t columns = right.shape.size() == 2 ? right.shape[1] : 1;
  const std::int64_t row = place / columns * left.shape.back();
  for (std::int64_t k = 0; k < left.shape.back(); ++k) {
    const double weight = right.values[static_cast<std::size_t>(k * columns + place % columns)];
    if (!add_weighted(source.inputs[0], row + k, weight, made)) return false;
  }
  return true;
}

bool TailTracer::mean(const TailSource& source, std::int64_t place, Formula& made) {
  const TailSource& weights = sources_.input(source, 1);
  const std::int64_t cells = element_count(source.shape);
  for (std::int64_t k = 0; k < weights.shape[1]; ++k) {
    const double weight = weights.values[static_cast<std::size_t>(k)];
    if (!add_weighted(source.inputs[0], k * cells + place, weight, made)) return false;
  }
  if (source.inputs.size() < 3) return true;
  made.constant += sources_.input(source, 2).values[0];
  return true;
}

}  // namespace pare::engine
