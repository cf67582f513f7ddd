#include "search/draw.h"

#include <algorithm>
#include <cmath>

namespace pare::search {
namespace {

// The widest choice that removes at least `share` of the channels, and at least one step.
int narrower(const Decision& d, double share) {
  const double most = d.widths.back() * (1 - share);
  int choice = d.original - 1;
  while (choice > 0 && d.widths[static_cast<std::size_t>(choice)] > most) --choice;
  return choice;
}

// Settings of int8, most often those that keep accuracy where int8 products saturate.
int draw_setting(const Decision& d, Random& random) {
  if (d.choices < 2) return 0;
  switch (d.kind) {
    case DecisionKind::kRanges: return random.chance(0.6) ? 0 : random.below(d.choices);
    case DecisionKind::kEqualization: return random.below(2);
    case DecisionKind::kKeepFp32:  // of two, all or nothing; of many, any
      if (d.choices > 2) return random.below(d.choices);
      return random.chance(d.name == kOutputs ? 0.7 : 0.2) ? 1 : 0;
    default: return random.below(d.choices);
  }
}

bool is_bare(DecisionKind kind) {
  return kind == DecisionKind::kOption || kind == DecisionKind::kLevel;
}

bool is_setting(DecisionKind kind) {
  return kind != DecisionKind::kWidth && kind != DecisionKind::kResolution &&
         kind != DecisionKind::kPrecision && !is_bare(kind);
}

void draw_settings(const Space& space, Genome& genome, Random& random) {
  for (std::size_t i = 0; i < genome.choices.size(); ++i) {
    const Decision& d = space.decisions()[i];
    if (is_setting(d.kind)) genome.choices[i] = draw_setting(d, random);
  }
}

// A step to a neighbour, or further where there are many choices; narrower more often than wider.
int step(const Decision& d, int choice, Random& random) {
  const double u = random.uniform();
  const int far = std::max(1, static_cast<int>(d.choices * 0.4 * u * u));
  const bool down = choice == d.choices - 1 || (choice > 0 && random.chance(0.6));
  return std::clamp(choice + (down ? -far : far), 0, d.choices - 1);
}

// The widths of one of the space's allocations, whatever else the genome says.
void take_allocation(const Space& space, Genome& genome, Random& random) {
  const int count = static_cast<int>(space.allocations().size());
  const Genome& from = space.allocations()[static_cast<std::size_t>(random.below(count))];
  for (const std::size_t i : space.of_kind(DecisionKind::kWidth)) {
    genome.choices[i] = from.choices[i];
  }
}

// One group, or a run of groups that follow each other: a stage of the network.
void mutate_widths(const Space& space, Genome& genome, Random& random) {
  if (!space.allocations().empty() && random.chance(0.3)) {
    return take_allocation(space, genome, random);
  }
  const std::vector<std::size_t> groups = space.of_kind(DecisionKind::kWidth);
  const int count = static_cast<int>(groups.size());
  const int first = random.below(count);
  const int run = random.chance(0.3) ? 1 + random.below(8) : 1;
  for (int i = first; i < std::min(count, first + run); ++i) {
    const std::size_t at = groups[static_cast<std::size_t>(i)];
    genome.choices[at] = step(space.decisions()[at], genome.choices[at], random);
  }
}

// Another option; a level mostly near, sometimes any.
void mutate_bare(const Decision& d, int& choice, Random& random) {
  if (d.choices < 2) return;
  if (d.ordered() && d.choices > 2 && random.chance(0.7)) {
    const double u = random.uniform();
    const int far = 1 + static_cast<int>(0.3 * d.choices * u * u);
    choice = std::clamp(choice + (random.chance(0.5) ? far : -far), 0, d.choices - 1);
  } else {
    choice = (choice + 1 + random.below(d.choices - 1)) % d.choices;
  }
}

void mutate_once(const Space& space, Genome& genome, Random& random) {
  if (!space.decisions().empty() && is_bare(space.decisions().front().kind)) {
    const auto at = static_cast<std::size_t>(random.below(static_cast<int>(genome.choices.size())));
    return mutate_bare(space.decisions()[at], genome.choices[at], random);
  }
  const auto decide = [&](DecisionKind kind) { return space.of_kind(kind); };
  const std::vector<std::size_t> resolution = decide(DecisionKind::kResolution);
  const std::vector<std::size_t> precision = decide(DecisionKind::kPrecision);
  const double widths = decide(DecisionKind::kWidth).empty() ? 0.0 : 6.0;
  const double sizes = resolution.empty() ? 0.0 : 1.5;
  const double flip = precision.empty() ? 0.0 : 1.0;
  const double setting = space.is_int8(genome) ? 2.0 : 0.0;
  double ticket = random.uniform() * (widths + sizes + flip + setting);
  if ((ticket -= widths) < 0) return mutate_widths(space, genome, random);
  if ((ticket -= sizes) < 0) {
    int& choice = genome.choices[resolution.front()];
    choice = step(space.decisions()[resolution.front()], choice, random);
    return;
  }
  if ((ticket -= flip) < 0) {
    int& choice = genome.choices[precision.front()];
    choice = 1 - choice;
    if (choice == 1) draw_settings(space, genome, random);
    return;
  }
  std::vector<std::size_t> settings;
  for (std::size_t i = 0; i < genome.choices.size(); ++i) {
    if (is_setting(space.decisions()[i].kind)) settings.push_back(i);
  }
  if (settings.empty()) return;
  const std::size_t at =
      settings[static_cast<std::size_t>(random.below(static_cast<int>(settings.size())))];
  const Decision& d = space.decisions()[at];
  if (d.choices == 2) {
    genome.choices[at] = 1 - genome.choices[at];
  } else if (d.ordered()) {
    const int up = genome.choices[at] == 0 || random.chance(0.5) ? 1 : -1;
    genome.choices[at] = std::clamp(genome.choices[at] + up, 0, d.choices - 1);
  } else {
    genome.choices[at] = (genome.choices[at] + 1 + random.below(d.choices - 1)) % d.choices;
  }
}

}  // namespace

Genome draw_mild(const Space& space, Random& random, double boldness) {
  Genome genome = space.original();
  const double u = random.uniform();
  const double intensity = std::min(1.0, boldness * u * u);
  for (std::size_t i = 0; i < genome.choices.size(); ++i) {
    const Decision& d = space.decisions()[i];
    int& choice = genome.choices[i];
    if (d.kind == DecisionKind::kWidth && random.chance(intensity)) {
      const double v = random.uniform();
      choice = narrower(d, v * v * (0.2 + 0.6 * intensity));
    }
    if (d.kind == DecisionKind::kResolution && random.chance(0.5)) {
      do choice = step(d, choice, random);
      while (random.chance(0.4));
    }
    if (d.kind == DecisionKind::kPrecision) choice = random.below(2);
    if (is_bare(d.kind)) choice = random.below(d.choices);
  }
  // Widths drawn group by group know nothing of the groups; an allocation does.
  if (!space.allocations().empty() && random.chance(0.5)) take_allocation(space, genome, random);
  if (space.is_int8(genome)) draw_settings(space, genome, random);
  return space.canonical(std::move(genome));
}

Genome mutate(const Space& space, Genome genome, Random& random) {
  constexpr int kMostChanges = 6;
  int changes = 1;
  while (changes < kMostChanges && random.chance(0.4)) ++changes;
  for (int i = 0; i < changes; ++i) mutate_once(space, genome, random);
  return space.canonical(std::move(genome));
}

Genome cross(const Space& space, const Genome& a, const Genome& b, Random& random) {
  Genome child = a;
  for (std::size_t i = 0; i < child.choices.size(); ++i) {
    const DecisionKind kind = space.decisions()[i].kind;
    const bool from_b = random.chance(0.5);
    const bool b_can_say = !is_setting(kind) || space.is_int8(b);
    const bool a_can_say = !is_setting(kind) || space.is_int8(a);
    if (b_can_say && (from_b || !a_can_say)) child.choices[i] = b.choices[i];
  }
  return space.canonical(std::move(child));
}

}  // namespace pare::search
