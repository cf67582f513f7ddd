#include "search/seeds.h"

#include <algorithm>

namespace pare::search {
namespace {

constexpr int kKept = 3;  // choice of the decision how many of the most harmed layers stay in fp32
constexpr std::size_t kAllocations = 3;

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

void choose(const Space& space, Genome& genome, DecisionKind kind, int choice) {
  for (const std::size_t i : space.of_kind(kind)) {
    genome.choices[i] = std::clamp(choice, 0, space.decisions()[i].choices - 1);
  }
}

int choices_of(const Space& space, DecisionKind kind) {
  const std::vector<std::size_t> decisions = space.of_kind(kind);
  return decisions.empty() ? 1 : space.decisions()[decisions.front()].choices;
}

// int8 in one placement, all of it.
Genome int8_plan(const Space& space, int placement) {
  Genome genome = space.original();
  choose(space, genome, DecisionKind::kPrecision, 1);
  choose(space, genome, DecisionKind::kPlacement, placement);
  return genome;
}

// The same with the layers in fp32 that int8 harms most, and those that make the outputs.
Genome careful_int8_plan(const Space& space, int placement) {
  Genome genome = int8_plan(space, placement);
  const std::vector<std::size_t> sets = space.of_kind(DecisionKind::kKeepFp32);
  for (const std::size_t i : sets) {
    const Decision& d = space.decisions()[i];
    if (i == sets.front()) genome.choices[i] = std::min(kKept, d.choices - 1);
    if (d.name == kOutputs) genome.choices[i] = 1;
  }
  return genome;
}

// At the resolution so many steps below the original's, the smallest failing that.
Genome smaller(const Space& space, Genome genome, int steps) {
  const int largest = choices_of(space, DecisionKind::kResolution) - 1;
  choose(space, genome, DecisionKind::kResolution, largest - steps);
  return genome;
}

// With the widths of another plan.
Genome with_widths(const Space& space, Genome genome, const Genome& of) {
  for (const std::size_t i : space.of_kind(DecisionKind::kWidth)) genome.choices[i] = of.choices[i];
  return genome;
}

// Allocations lead on some detectors and not on others (yolov5n at a tenth of its MACs: .244 mAP by
// allocation, .271 by the same share everywhere): both are tried.
std::vector<Genome> narrower(const Space& space) {
  const auto mild = space.allocations().first(std::min(kAllocations, space.allocations().size()));
  std::vector<Genome> out(mild.begin(), mild.end());
  for (const double share : {0.9, 0.75}) out.push_back(uniform_width(space, share));
  return out;
}

}  // namespace

std::vector<Genome> seeds(const Space& space) {
  const Genome original = space.original();
  const std::vector<Genome> narrow = narrower(space);
  std::vector<Genome> int8;
  if (space.has_int8()) {
    for (int placement = 0; placement < choices_of(space, DecisionKind::kPlacement); ++placement) {
      int8.push_back(careful_int8_plan(space, placement));
    }
  }

  std::vector<Genome> wanted = {original};
  wanted.insert(wanted.end(), int8.begin(), int8.end());
  if (space.has_int8()) wanted.push_back(int8_plan(space, 0));
  for (int steps = 1; steps < choices_of(space, DecisionKind::kResolution); ++steps) {
    wanted.push_back(smaller(space, original, steps));
  }
  wanted.insert(wanted.end(), narrow.begin(), narrow.end());
  for (const Genome& plan : int8) wanted.push_back(smaller(space, plan, 1));
  wanted.push_back(smaller(space, narrow.front(), 1));
  if (space.has_int8()) wanted.push_back(with_widths(space, int8.front(), narrow.front()));

  std::vector<Genome> out;
  for (Genome& genome : wanted) {
    genome = space.canonical(std::move(genome));
    if (std::ranges::find(out, genome) == out.end()) out.push_back(std::move(genome));
  }
  return out;
}

}  // namespace pare::search
