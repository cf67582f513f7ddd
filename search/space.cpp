#include "search/space.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "core/check.h"

namespace pare::search {
namespace {

Error not_in_space(const std::string& what) {
  return {ErrorCode::kInvalidArgument, "the plan is not in this space: " + what};
}

}  // namespace

Space::Space(std::vector<LeverPointer> levers) : levers_(std::move(levers)) {
  for (std::size_t i = 0; i < levers_.size(); ++i) {
    PARE_CHECK(levers_[i]->first() == decisions_.size(), "levers follow each other");
    for (const Decision& decision : levers_[i]->decisions()) {
      decisions_.push_back(decision);
      lever_of_.push_back(i);
    }
  }
}

Result<Space> Space::make(const ModelSummary& model, const SpaceLimits& limits, Recovery recovery,
                          const PrecisionChoices& precision, const Guidance& guidance,
                          Inheritance inheritance) {
  if (model.stride < 0 || model.card.height <= 0 || model.card.width <= 0) {
    return Error{ErrorCode::kInvalidArgument, "the model's summary has no input size or stride"};
  }
  auto levers = make_levers({model, limits, precision, guidance, inheritance});
  if (!levers) return levers.error();
  Space space(std::move(levers).value());
  space.layers_ = model.layers.size();
  space.recovery_ = recovery;
  return space;
}

Space Space::of_decisions(std::vector<Decision> decisions, std::vector<Genome> only) {
  Space space({options_lever(std::move(decisions))});
  space.only_ = std::move(only);
  std::ranges::sort(space.only_);
  for (const Genome& genome : space.only_) {
    PARE_CHECK(genome.choices.size() == space.decisions_.size(), "a genome of another space");
  }
  return space;
}

std::vector<std::size_t> Space::of_family(std::string_view family) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    if (decisions_[i].family == family) out.push_back(i);
  }
  return out;
}

Preparation Space::preparation() const {
  Preparation preparation;
  for (const LeverPointer& lever : levers_) lever->prepare(preparation);
  return preparation;
}

Genome Space::original() const {
  Genome genome;
  for (const Decision& decision : decisions_) genome.choices.push_back(decision.original);
  return genome;
}

bool Space::offers(const Genome& genome) const noexcept {
  return std::ranges::equal(genome.choices, decisions_, [](int choice, const Decision& d) {
    return choice >= 0 && choice < d.choices;
  });
}

bool Space::matters(const Genome& genome, std::size_t decision) const {
  return levers_[lever_of_[decision]]->matters(genome, decision);
}

Genome Space::canonical(Genome genome) const {
  PARE_CHECK(offers(genome), "a genome of another space");
  if (!only_.empty()) return nearest(genome);
  for (const LeverPointer& lever : levers_) lever->settle(genome);
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    if (!matters(genome, i)) genome[i] = decisions_[i].original;
  }
  if (genome == original()) return genome;
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    const Decision& d = decisions_[i];
    if (!d.only_in_original || genome[i] != d.original) continue;
    genome[i] += d.original + 1 < d.choices ? 1 : -1;
  }
  return genome;
}

Plan Space::plan_of(const Genome& genome) const {
  PARE_CHECK(offers(genome), "a genome of another space");
  Plan plan;
  plan.reconstruction =
      recovery_ == Recovery::kNone ? Reconstruction::kNone : Reconstruction::kIndependent;
  for (const LeverPointer& lever : levers_) {
    if (lever->speaks(genome)) lever->write(genome, plan);
  }
  return plan;
}

Result<Genome> Space::genome_of(const Plan& plan) const {
  Genome genome = original();
  for (const LeverPointer& lever : levers_) lever->read(plan, genome);
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    if (genome[i] < decisions_[i].choices) continue;
    return not_in_space("\"" + decisions_[i].name + "\" has no such choice");
  }
  const Plan made = plan_of(genome);
  if (made == plan) return canonical(std::move(genome));
  if (plan.quantization && !made.quantization) {
    return not_in_space("it is int8, which is not to be chosen here");
  }
  if (plan.weights != made.weights) {
    return not_in_space("its weights are \"" + std::string(name_of(plan.weights)) +
                        "\", and such a plan's are \"" + std::string(name_of(made.weights)) +
                        "\" here");
  }
  if (plan.floats != made.floats) {
    return not_in_space("it computes in " + std::string(name_of(plan.floats)) +
                        ", which is not to be chosen here");
  }
  return not_in_space("it names groups or layers, or settings, that are not to be chosen here");
}

std::vector<LayerSetting> Space::layer_settings(const Genome& genome) const {
  std::vector<LayerSetting> settings(layers_);
  if (settings.empty()) return settings;
  for (const LeverPointer& lever : levers_) lever->set_layers(genome, settings);
  return settings;
}

bool Space::broken(const Genome& genome) const {
  double damage = 0;
  for (const LeverPointer& lever : levers_) damage += lever->damage(genome);
  return damage > kBrokenDamage;
}

double Space::log10_size() const {
  double size = 0;
  for (const Decision& decision : decisions_) size += std::log10(decision.choices);
  return size;
}

void Space::for_each(const std::function<bool(const Genome&)>& visit) const {
  Genome genome;
  genome.choices.assign(decisions_.size(), 0);
  while (true) {
    if (canonical(genome) == genome && !visit(genome)) return;
    std::size_t i = 0;
    for (; i < decisions_.size(); ++i) {  // the next one, as an odometer counts
      if (++genome[i] < decisions_[i].choices) break;
      genome[i] = 0;
    }
    if (i == decisions_.size()) return;
  }
}

// Another option is a whole step away, a level its share of all levels; of equals, the first.
Genome Space::nearest(const Genome& genome) const {
  if (std::ranges::binary_search(only_, genome)) return genome;
  const auto distance = [&](const Genome& other) {
    double sum = 0;
    for (std::size_t i = 0; i < decisions_.size(); ++i) {
      const int apart = std::abs(genome[i] - other[i]);
      const Decision& d = decisions_[i];
      sum += d.ordered ? static_cast<double>(apart) / d.choices : std::min(apart, 1);
    }
    return sum;
  };
  return std::ranges::min(only_, {}, distance);
}

}  // namespace pare::search
