#include "search/proposals.h"

#include "search/draw.h"

namespace pare::search {
namespace {

constexpr int kDraws = 20;
constexpr int kBoldDraws = 60;
constexpr double kSmallSpace = 5;  // log10 of what may be walked through

}  // namespace

std::optional<Genome> Proposals::next(const std::function<Genome(Random&)>& draw) {
  Random random(seed_, number_);
  std::optional<Genome> found;
  for (int i = 0; i < kDraws + kBoldDraws && !found; ++i) {
    Genome genome = i < kDraws ? draw(random) : draw_mild(space_, random, 1.0 + 0.1 * (i - kDraws));
    if (!asked_.contains(genome)) found = std::move(genome);
  }
  if (!found && space_.log10_size() <= kSmallSpace) found = first_unasked();
  if (found) replay({&*found, 1});
  return found;
}

std::vector<Genome> Proposals::next(int count, const std::function<Genome(Random&)>& draw) {
  std::vector<Genome> found;
  while (found.size() < static_cast<std::size_t>(count)) {
    auto genome = next(draw);
    if (!genome) break;
    found.push_back(std::move(*genome));
  }
  return found;
}

std::optional<Genome> Proposals::first_unasked() const {
  std::optional<Genome> found;
  space_.for_each([&](const Genome& genome) {
    if (!asked_.contains(genome)) found = genome;
    return !found;
  });
  return found;
}

void Proposals::replay(std::span<const Genome> genomes) {
  asked_.insert(genomes.begin(), genomes.end());
  number_ += genomes.size();
}

}  // namespace pare::search
