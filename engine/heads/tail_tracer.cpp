#include "engine/heads/tail_tracer.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace pare::engine {
namespace {

constexpr std::int64_t kMostSummed = 256;  // numbers in one; a distribution has at most 64 bins
constexpr std::size_t kMostTerms = 1024;   // of one number; real tails have 64

std::vector<std::int64_t> index_of(std::int64_t place, const Shape& shape) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t d = shape.size(); d-- > 0;) {
    index[d] = place % shape[d];
    place /= shape[d];
  }
  return index;
}

// Dimensions of one number take any index, and the last dimensions are aligned: ONNX's broadcast.
std::int64_t place_of(std::span<const std::int64_t> index, const Shape& shape) {
  const std::size_t skipped = index.size() - shape.size();
  std::int64_t place = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    place = place * shape[d] + (shape[d] == 1 ? 0 : index[skipped + d]);
  }
  return place;
}

}  // namespace

std::nullopt_t TailTracer::fail(const std::string& reason) {
  why_ = reason;
  return std::nullopt;
}

bool TailTracer::refuse(const TailSource& source, const std::string& reason) {
  why_ = source.node == nullptr ? reason
                                : source.node->op + " \"" + source.node->name + "\" " + reason;
  return false;
}

const Formula* TailTracer::number(const std::string& tensor, std::int64_t place) {
  return trace(sources_.of(tensor), place);
}

void TailTracer::forget() {
  traced_.clear();
  groups_.clear();
  atoms_.clear();
}

const Formula* TailTracer::trace(int source, std::int64_t place) {
  const std::pair key(source, place);
  const auto known = traced_.find(key);
  if (known != traced_.end()) return &known->second;
  Formula made;
  if (!compute(sources_.at(source), place, made)) return nullptr;
  if (made.terms.size() > kMostTerms) {
    refuse(sources_.at(source), "mixes more numbers than a decode tail does");
    return nullptr;
  }
  return &traced_.emplace(key, std::move(made)).first->second;
}

bool TailTracer::compute(const TailSource& source, std::int64_t place, Formula& made) {
  switch (source.rule) {
    case TailRule::kNone: why_ = source.refused; return false;
    case TailRule::kConstant:
      made.constant = source.values[static_cast<std::size_t>(place)];
      return true;
    case TailRule::kRawMap:
      made = of_atom(atoms_.raw(sources_.of(source.name), place));
      return true;
    case TailRule::kSamePlace: return copy(source, 0, place, made);
    case TailRule::kTranspose: return transposed(source, place, made);
    case TailRule::kConcat: return joined(source, place, made);
    case TailRule::kWindow: return windowed(source, place, made);
    case TailRule::kGather: return gathered(source, place, made);
    case TailRule::kFunction: return function(source, place, made);
    case TailRule::kArithmetic: return arithmetic(source, place, made);
    case TailRule::kPower: return power(source, place, made);
    case TailRule::kSoftmax: return softmax(source, place, made);
    case TailRule::kSum: return summed(source, place, made);
    case TailRule::kMatrix: return matrix(source, place, made);
    case TailRule::kMean: return mean(source, place, made);
  }
  return false;
}

bool TailTracer::copy(const TailSource& source, std::size_t input, std::int64_t place,
                      Formula& made) {
  const Formula* from = trace(source.inputs[input], place);
  if (from != nullptr) made = *from;
  return from != nullptr;
}

bool TailTracer::transposed(const TailSource& source, std::int64_t place, Formula& made) {
  const Shape& from = sources_.input(source, 0).shape;
  const auto index = index_of(place, source.shape);
  std::vector<std::int64_t> there(from.size());
  for (std::size_t d = 0; d < index.size(); ++d) {
    there[static_cast<std::size_t>(source.order[d])] = index[d];
  }
  return copy(source, 0, place_of(there, from), made);
}

bool TailTracer::joined(const TailSource& source, std::int64_t place, Formula& made) {
  auto index = index_of(place, source.shape);
  const auto axis = static_cast<std::size_t>(source.axis);
  for (std::size_t i = 0; i < source.inputs.size(); ++i) {
    const Shape& part = sources_.input(source, i).shape;
    if (part.size() != index.size()) return refuse(source, "joins what has another rank");
    if (index[axis] < part[axis]) return copy(source, i, place_of(index, part), made);
    index[axis] -= part[axis];
  }
  return refuse(source, "makes more than it joins");
}

bool TailTracer::windowed(const TailSource& source, std::int64_t place, Formula& made) {
  auto index = index_of(place, source.shape);
  for (std::size_t d = 0; d < index.size(); ++d) {
    index[d] = source.first[d] + source.step[d] * index[d];
  }
  return copy(source, 0, place_of(index, sources_.input(source, 0).shape), made);
}

bool TailTracer::gathered(const TailSource& source, std::int64_t place, Formula& made) {
  const Shape& from = sources_.input(source, 0).shape;
  auto index = index_of(place, source.shape);
  const auto axis = static_cast<std::size_t>(source.axis);
  if (index.size() < from.size()) index.insert(index.begin() + source.axis, 0);
  index[axis] = source.order[static_cast<std::size_t>(index[axis])];
  return copy(source, 0, place_of(index, from), made);
}

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
      left.shape.back() > kMostSummed) {
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

const Formula* TailTracer::inside(const Formula& formula, AtomKind kind) const {
  const std::int32_t atom = formula.single();
  if (atom < 0 || formula.terms[0].weight != 1 || atoms_.at(atom).kind != kind) return nullptr;
  return &atoms_.at(atom).of[0];
}

std::optional<RawNumber> TailTracer::raw(const Formula& formula) const {
  const std::int32_t atom = formula.single();
  if (atom < 0 || atoms_.at(atom).kind != AtomKind::kRaw) return std::nullopt;
  const TailSource& map = sources_.at(atoms_.at(atom).tensor);
  const auto index = index_of(atoms_.at(atom).place, map.shape);
  return RawNumber{map.name, index[1], index[2], index[3], formula.terms[0].weight};
}

}  // namespace pare::engine
