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

void choose(const Space& space, Genome& genome, DecisionKind kind, int choice) {
  for (const std::size_t i : space.of_kind(kind)) {
    genome.choices[i] = std::clamp(choice, 0, space.decisions()[i].choices - 1);
  }
}

int choices_of(const Space& space, DecisionKind kind) {
  const std::vector<std::size_t> decisions = space.of_kind(kind);
  return decisions.empty() ? 1 : space.decisions()[decisions.front()].choices;
}

// int8 in one placement, the layers that the first decision of its kind keeps at this choice and,
// if wanted, those that make the outputs in fp32.
Genome int8_plan(const Space& space, int placement, int keep, bool outputs = true) {
  Genome genome = space.original();
  choose(space, genome, DecisionKind::kPrecision, 1);
  choose(space, genome, DecisionKind::kPlacement, placement);
  const std::vector<std::size_t> sets = space.of_kind(DecisionKind::kKeepFp32);
  for (const std::size_t i : sets) {
    const Decision& d = space.decisions()[i];
    if (i == sets.front()) genome.choices[i] = std::min(keep, d.choices - 1);
    if (d.name == kOutputs && outputs) genome.choices[i] = 1;
  }
  return genome;
}

std::vector<Genome> all_int8(const Space& space) {
  std::vector<Genome> out;
  if (!space.has_int8()) return out;
  const int placements = choices_of(space, DecisionKind::kPlacement);
  for (const int keep : {3, 5, 1}) {
    for (int placement = 0; placement < placements; ++placement) {
      out.push_back(int8_plan(space, placement, keep));
    }
  }
  for (int placement = 0; placement < placements; ++placement) {
    out.push_back(int8_plan(space, placement, 0, false));
  }
  for (const auto kind : {DecisionKind::kWeightBits, DecisionKind::kEqualization}) {
    if (space.of_kind(kind).empty()) continue;
    out.push_back(int8_plan(space, 0, 3));
    choose(space, out.back(), kind, 1);
  }
  return out;
}

// Allocations lead on some detectors and not on others (yolov5n at a tenth of its MACs: .244 mAP by
// allocation, .271 by the same share everywhere): both are tried.
std::vector<Genome> narrower(const Space& space) {
  std::vector<Genome> out(space.allocations().begin(), space.allocations().end());
  for (const double share : {0.9, 0.75, 0.5}) out.push_back(uniform_width(space, share));
  return out;
}

std::vector<Genome> smaller(const Space& space) {
  std::vector<Genome> out;
  for (int choice = choices_of(space, DecisionKind::kResolution) - 1; choice >= 0; --choice) {
    Genome genome = space.original();
    choose(space, genome, DecisionKind::kResolution, choice);
    out.push_back(std::move(genome));
  }
  return out;
}

// int8 in each placement at the next smaller resolutions, and with the mildest widths.
std::vector<Genome> combined(const Space& space) {
  std::vector<Genome> out;
  if (!space.has_int8()) return out;
  const int resolutions = choices_of(space, DecisionKind::kResolution);
  for (int placement = 0; placement < choices_of(space, DecisionKind::kPlacement); ++placement) {
    const Genome int8 = int8_plan(space, placement, 3);
    for (int smaller = 1; smaller <= 2 && smaller < resolutions; ++smaller) {
      out.push_back(int8);
      choose(space, out.back(), DecisionKind::kResolution, resolutions - 1 - smaller);
    }
    if (space.allocations().empty()) continue;
    out.push_back(int8);
    for (const std::size_t i : space.of_kind(DecisionKind::kWidth)) {
      out.back().choices[i] = space.allocations().front().choices[i];
    }
  }
  return out;
}

}  // namespace

std::vector<Genome> seeds(const Space& space) {
  std::vector<Genome> wanted = {space.original()};
  for (const auto& some : {all_int8(space), smaller(space), narrower(space), combined(space)}) {
    wanted.insert(wanted.end(), some.begin(), some.end());
  }

  std::vector<Genome> out;
  for (Genome& genome : wanted) {
    genome = space.canonical(std::move(genome));
    if (std::ranges::find(out, genome) == out.end()) out.push_back(std::move(genome));
  }
  return out;
}

}  // namespace pare::search
