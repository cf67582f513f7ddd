#include "search/seeds.h"

#include <algorithm>

namespace pare::search {
namespace {

// Every group at the widest choice of at most `share` of its channels, the narrowest failing that.
Genome uniform_width(const Space& space, double share) {
  Genome genome = space.original();
  for (const std::size_t i : space.of_kind(DecisionKind::kWidth)) {
    const Decision& d = space.decisions()[i];
    int choice = d.original;
    while (choice > 0 && d.widths[static_cast<std::size_t>(choice)] > d.widths.back() * share) {
      --choice;
    }
    genome.choices[i] = choice;
  }
  return genome;
}

// Bits, ranges and placement as their decisions number them, the most promising variant first.
constexpr int kInt8Variants[][3] = {{1, 1, 0}, {1, 1, 1}, {0, 1, 0}, {0, 1, 1}, {1, 0, 0}};

std::vector<Genome> all_int8(const Space& space) {
  std::vector<Genome> out;
  if (!space.has_int8()) return out;
  for (const auto& variant : kInt8Variants) {
    Genome genome = space.original();
    genome.choices[space.of_kind(DecisionKind::kPrecision).front()] = 1;
    genome.choices[space.of_kind(DecisionKind::kWeightBits).front()] = variant[0];
    genome.choices[space.of_kind(DecisionKind::kRanges).front()] = variant[1];
    genome.choices[space.of_kind(DecisionKind::kPlacement).front()] = variant[2];
    out.push_back(std::move(genome));
  }
  return out;
}

}  // namespace

std::vector<Genome> seeds(const Space& space) {
  std::vector<Genome> wanted = {space.original()};
  for (const std::size_t i : space.of_kind(DecisionKind::kResolution)) {
    for (int choice = space.decisions()[i].choices - 1; choice >= 0; --choice) {
      Genome genome = space.original();
      genome.choices[i] = choice;
      wanted.push_back(std::move(genome));
    }
  }
  std::ranges::move(all_int8(space), std::back_inserter(wanted));
  for (const double share : {0.9, 0.75, 0.5}) wanted.push_back(uniform_width(space, share));

  std::vector<Genome> out;
  for (Genome& genome : wanted) {
    genome = space.canonical(std::move(genome));
    if (std::ranges::find(out, genome) == out.end()) out.push_back(std::move(genome));
  }
  return out;
}

}  // namespace pare::search
