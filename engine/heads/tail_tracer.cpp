#include "engine/heads/tail_tracer.h"

#include <utility>

namespace pare::engine {
std::vector<std::int64_t> index_of(std::int64_t place, const Shape& shape) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t d = shape.size(); d-- > 0;) {
    index[d] = place % shape[d];
    place /= shape[d];
  }
  return index;
}

std::int64_t place_of(std::span<const std::int64_t> index, const Shape& shape) {
  const std::size_t skipped = index.size() - shape.size();
  std::int64_t place = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    place = place * shape[d] + (shape[d] == 1 ? 0 : index[skipped + d]);
  }
  return place;
}

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
