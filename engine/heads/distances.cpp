#include "engine/heads/distances.h"

#include <cmath>

namespace pare::engine {
namespace {

constexpr double kDust = 1e-9;

}  // namespace

Formula without_dust(Formula formula) {
  std::erase_if(formula.terms, [](const Term& term) { return std::abs(term.weight) < kDust; });
  return formula;
}

std::optional<MeanDistance> mean_distance(const Formula& formula, const Atoms& atoms) {
  MeanDistance found{.constant = formula.constant};
  for (const Term& term : formula.terms) {
    if (term.factors[1] >= 0) return std::nullopt;
    const Atom& share = atoms.at(term.factors[0]);
    if (share.kind != AtomKind::kShare || share.place == 0) return std::nullopt;
    if (found.group < 0) {
      found.group = share.tensor;
      found.bins = static_cast<int>(atoms.at(share.tensor).of.size());
      found.weight = term.weight / static_cast<double>(share.place);
    }
    const double expected = found.weight * static_cast<double>(share.place);
    if (share.tensor != found.group || !is_close(term.weight, expected)) return std::nullopt;
  }
  const auto bins = static_cast<std::size_t>(found.bins);  // bin 0 has a weight of 0
  if (bins < 2 || formula.terms.size() + 1 != bins) return std::nullopt;
  return found;
}

std::optional<RawNumber> first_bin(const MeanDistance& distance, const TailTracer& tracer) {
  const std::vector<Formula>& members = tracer.atoms().at(distance.group).of;
  const auto first = tracer.raw(members[0]);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto bin = tracer.raw(members[i]);
    if (!first || !bin || bin->weight != 1 || bin->tensor != first->tensor || bin->y != first->y ||
        bin->x != first->x || std::cmp_not_equal(bin->channel - first->channel, i)) {
      return std::nullopt;
    }
  }
  return first;
}

std::array<Formula, 4> corners_of(const std::array<Formula, 4>& numbers, bool from_centre) {
  if (!from_centre) return numbers;
  std::array<Formula, 4> corners;
  for (std::size_t side = 0; side < 4; ++side) {
    const double half = side < 2 ? -0.5 : 0.5;
    corners[side] = without_dust(sum(numbers[side % 2], numbers[side % 2 + 2], half));
  }
  return corners;
}

}  // namespace pare::engine
