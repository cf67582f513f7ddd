#include "search/surrogate/encoding.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace pare::search {
namespace {

constexpr std::size_t kMostOwnScales = 16;
constexpr int kSumLevels = 128;
constexpr std::size_t kFewestCounted = 3;  // decisions, for counting their options to say anything

int levels_of(std::size_t values) {
  return std::clamp(static_cast<int>(values), 2, kMostLevels);
}

// The level of one of so many values in order: neighbours share one where they are too many.
std::uint8_t level_of(std::size_t value, std::size_t values) {
  constexpr std::size_t kMost = kMostLevels;
  if (values > kMost) value = value * (kMost - 1) / (values - 1);
  return static_cast<std::uint8_t>(value);
}

}  // namespace

Encoding::Encoding(const Space& space) {
  const std::span<const Decision> decisions = space.decisions();
  std::map<std::string_view, int> group_of;
  int groups = 0;
  for (const Decision& d : decisions) {
    int group = groups;
    if (decisions.size() > kMostOwnScales) {
      group = group_of.try_emplace(d.family, groups).first->second;
    }
    groups = std::max(groups, group + 1);
    const auto choices = static_cast<std::size_t>(d.choices);
    choices_.push_back(choices);
    columns_.push_back({d.ordered, levels_of(choices), group});
  }
  add_counts(space);
  add_sum(space, &Expected::damage);
  add_sum(space, &Expected::saving);
}

int Encoding::next_group() const {
  int group = 0;
  for (const Column& column : columns_) group = std::max(group, column.group + 1);
  return group;
}

// How often each option was chosen, over all decisions with as many options.
void Encoding::add_counts(const Space& space) {
  std::map<int, std::vector<std::size_t>> alike;
  for (std::size_t i = 0; i < space.decisions().size(); ++i) {
    const Decision& d = space.decisions()[i];
    if (d.family == family::kOption) alike[d.choices].push_back(i);
  }
  int group = next_group();
  for (auto& [options, decisions] : alike) {
    if (decisions.size() < kFewestCounted) continue;
    for (int option = 0; option < options; ++option) {
      columns_.push_back({true, levels_of(decisions.size() + 1), group++});
      counts_.push_back({decisions, option});
    }
  }
}

void Encoding::add_sum(const Space& space, double Expected::*what) {
  Sum sum;
  for (const Decision& d : space.decisions()) {
    std::vector<double>& row = sum.of_choice.emplace_back();
    for (const Expected& choice : d.expected) row.push_back(choice.*what);
    if (!row.empty()) sum.largest += std::ranges::max(row);
  }
  if (!(sum.largest > 0) || !std::isfinite(sum.largest)) return;
  columns_.push_back({true, kSumLevels, next_group()});
  sums_.push_back(std::move(sum));
}

// Levels are finer towards 0, where the plans worth having are.
Code Encoding::operator()(const Genome& genome) const {
  Code code;
  code.reserve(columns_.size());
  for (std::size_t j = 0; j < choices_.size(); ++j) {
    code.push_back(level_of(static_cast<std::size_t>(genome.choices[j]), choices_[j]));
  }
  for (const Count& count : counts_) {
    const auto made = std::ranges::count_if(
        count.decisions, [&](std::size_t i) { return genome.choices[i] == count.option; });
    code.push_back(level_of(static_cast<std::size_t>(made), count.decisions.size() + 1));
  }
  for (const Sum& sum : sums_) {
    double total = 0;
    for (std::size_t j = 0; j < genome.choices.size(); ++j) {
      if (sum.of_choice[j].empty()) continue;
      total += sum.of_choice[j][static_cast<std::size_t>(genome.choices[j])];
    }
    const double share = std::clamp(total / sum.largest, 0.0, 1.0);
    code.push_back(static_cast<std::uint8_t>(std::lround(std::sqrt(share) * (kSumLevels - 1))));
  }
  return code;
}

}  // namespace pare::search
