#include "search/seeds.h"

#include <algorithm>
#include <span>

namespace pare::search {
namespace {

// As it is, with the levers that begin to speak in it.
Genome begun(const Space& space, const Genome& seed) {
  Genome genome = seed;
  for (const LeverPointer& lever : space.levers()) {
    const bool began = lever->speaks(genome) && !lever->speaks(space.original());
    if (began) lever->begin(genome);
  }
  return genome;
}

// With the choices of a lever, and of those that it lets speak, from another.
Genome with(const Space& space, Genome genome, const Genome& other) {
  const Genome original = space.original();
  for (std::size_t i = 0; i < genome.choices.size(); ++i) {
    if (other[i] != original[i]) genome[i] = other[i];
  }
  return genome;
}

struct LeverSeeds {
  std::vector<Genome> begun;
  std::optional<Genome> bare;  // the first one, where it differs from that
  bool changes_the_order = false;
};

// The last lever comes first: the later a lever, the more it saves at once.
std::vector<LeverSeeds> seeds_of_levers(const Space& space) {
  std::vector<LeverSeeds> all;
  const std::span<const LeverPointer> levers = space.levers();
  for (auto lever = levers.rbegin(); lever != levers.rend(); ++lever) {
    std::vector<Genome> seeds = (*lever)->seeds(space.original());
    std::erase_if(seeds, [&](const Genome& seed) { return space.broken(seed); });
    if (seeds.empty()) continue;
    LeverSeeds& made = all.emplace_back();
    for (const Genome& seed : seeds) made.begun.push_back(begun(space, seed));
    if (made.begun.front() != seeds.front()) made.bare = seeds.front();
    made.changes_the_order = (*lever)->changes_the_order();
  }
  return all;
}

}  // namespace

std::vector<Genome> seeds(const Space& space) {
  const std::vector<LeverSeeds> levers = seeds_of_levers(space);
  std::vector<Genome> wanted = {space.original()};
  for (const LeverSeeds& lever : levers) {
    wanted.insert(wanted.end(), lever.begun.begin(), lever.begun.end());
    if (lever.bare) wanted.push_back(*lever.bare);
  }
  for (std::size_t i = 0; i < levers.size(); ++i) {
    for (std::size_t j = i + 1; j < levers.size(); ++j) {
      const std::size_t tried = levers[j].changes_the_order ? levers[i].begun.size() : 1;
      for (std::size_t k = 0; k < tried; ++k) {
        wanted.push_back(with(space, levers[i].begun[k], levers[j].begun.front()));
      }
    }
  }
  std::vector<Genome> out;
  for (Genome& genome : wanted) {
    genome = space.canonical(std::move(genome));
    if (space.broken(genome)) continue;  // what two levers take together
    if (std::ranges::find(out, genome) == out.end()) out.push_back(std::move(genome));
  }
  return out;
}

}  // namespace pare::search
