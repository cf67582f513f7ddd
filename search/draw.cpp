#include "search/draw.h"

#include <algorithm>

namespace pare::search {
namespace {

constexpr int kMostChanges = 6;
constexpr int kSoundDraws = 50;

// One of the levers that have something to change, as often as their weights say.
const Lever* lever_to_change(const Space& space, const Genome& genome, Random& random) {
  double total = 0;
  const Lever* last = nullptr;
  int able = 0;
  for (const LeverPointer& lever : space.levers()) {
    const double weight = lever->weight(genome);
    if (weight <= 0) continue;
    total += weight;
    last = lever.get();
    ++able;
  }
  if (able < 2) return last;
  double ticket = random.uniform() * total;
  for (const LeverPointer& lever : space.levers()) {
    ticket -= lever->weight(genome);
    if (ticket < 0) return lever.get();
  }
  return last;
}

// A lever that the change lets speak begins with a draw.
void change_once(const Space& space, Genome& genome, Random& random) {
  const Lever* const changed = lever_to_change(space, genome, random);
  if (changed == nullptr) return;
  std::vector<const Lever*> silent;
  for (const LeverPointer& lever : space.levers()) {
    if (!lever->speaks(genome)) silent.push_back(lever.get());
  }
  changed->change(genome, random);
  for (const Lever* const lever : silent) {
    if (lever->speaks(genome)) lever->draw(genome, random, 1);
  }
}

}  // namespace

Genome draw_mild(const Space& space, Random& random, double boldness) {
  Genome genome = space.original();
  const double u = random.uniform();
  const double intensity = std::min(1.0, boldness * u * u);
  for (const LeverPointer& lever : space.levers()) {
    if (lever->speaks(genome)) lever->draw(genome, random, intensity);
  }
  return space.canonical(std::move(genome));
}

Genome draw_sound(const Space& space, Random& random) {
  Genome genome = draw_mild(space, random);
  for (int i = 1; i < kSoundDraws && space.broken(genome); ++i) genome = draw_mild(space, random);
  return genome;
}

Genome mutate(const Space& space, Genome genome, Random& random) {
  int changes = 1;
  while (changes < kMostChanges && random.chance(0.4)) ++changes;
  for (int i = 0; i < changes; ++i) change_once(space, genome, random);
  return space.canonical(std::move(genome));
}

Genome cross(const Space& space, const Genome& a, const Genome& b, Random& random) {
  Genome child = a;
  for (std::size_t i = 0; i < child.choices.size(); ++i) {
    const bool from_b = random.chance(0.5);
    if (space.matters(b, i) && (from_b || !space.matters(a, i))) child[i] = b[i];
  }
  return space.canonical(std::move(child));
}

}  // namespace pare::search
