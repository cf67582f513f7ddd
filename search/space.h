// What a job may choose: the decisions of all its levers.  Genome and Plan are two spellings of one
// point.
//
// Equal plans are one genome: choices that say nothing (how to quantize an fp32 plan) stand at the
// original's.  The original itself is always in the space, also where the limits leave it out: it
// is what everything is compared with.  A plain value, cheap to copy; any thread may read it.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/avoid.h"
#include "core/guidance.h"
#include "core/job.h"
#include "core/model_summary.h"
#include "core/plan.h"
#include "core/result.h"
#include "search/levers/lever.h"
#include "search/levers/levers.h"

namespace pare::search {

class Space {
 public:
  // `precision` is what is worth trying: a setting of int8 with one value left is no decision. With
  // `guidance`, layers stay in fp32 in the order in which int8 harms them; without, in segments.
  // Sizes, and int8, that were tried and do not work are left out.  Fails with
  // kInvalidArgument, saying why, if the summary and the limits leave no resolution at all.
  static Result<Space> make(const ModelSummary& model, const SpaceLimits& limits, Recovery recovery,
                            const PrecisionChoices& precision = {}, const Guidance& guidance = {},
                            Inheritance inheritance = {});

  // A space of nothing but these decisions, all options or levels: a table's or a test problem's.
  // `only`, if there are any, are the genomes that exist; the canonical one of any other is the
  // nearest of them.  It has no plans.
  static Space of_decisions(std::vector<Decision> decisions, std::vector<Genome> only = {});

  std::span<const Decision> decisions() const noexcept { return decisions_; }
  // Indices of the decisions of one family.
  std::vector<std::size_t> of_family(std::string_view family) const;
  std::span<const LeverPointer> levers() const noexcept { return levers_; }

  // What its plans need to be gathered of the model before one of them can be built.
  Preparation preparation() const;

  Genome original() const;

  // True if it has one choice a decision, and each decision offers its own.  What was stored by
  // another version, or of a model inspected again, need not: ask before anything below.
  bool offers(const Genome& genome) const noexcept;

  // The one genome that stands for the same plan.  REQUIRES: one valid choice per decision.
  Genome canonical(Genome genome) const;

  // True if the decision may change the plan, given the others.
  bool matters(const Genome& genome, std::size_t decision) const;

  // REQUIRES: one valid choice per decision.
  Plan plan_of(const Genome& genome) const;

  // kInvalidArgument, naming what does not fit, for a plan that is not in this space.
  Result<Genome> genome_of(const Plan& plan) const;

  // Of each layer of the model's summary, in its order; none where the space has no plans.
  // REQUIRES: one valid choice per decision.
  std::vector<LayerSetting> layer_settings(const Genome& genome) const;

  // True for a plan that guidance expects to harm more than kBrokenDamage, all levers together:
  // nothing is spent on it before trials say otherwise.
  bool broken(const Genome& genome) const;

  // log10 of the number of plans, from above: inert choices are counted too.
  double log10_size() const;

  // Calls visit(genome) for every canonical genome until it returns false.  For small spaces.
  void for_each(const std::function<bool(const Genome&)>& visit) const;

 private:
  explicit Space(std::vector<LeverPointer> levers);

  Genome nearest(const Genome& genome) const;  // of only_

  std::vector<LeverPointer> levers_;
  std::vector<Decision> decisions_;    // of all levers
  std::vector<std::size_t> lever_of_;  // of each decision
  std::size_t layers_ = 0;             // of the model
  std::vector<Genome> only_;           // sorted; empty: no limit
  Recovery recovery_ = Recovery::kReconstruct;
};

}  // namespace pare::search
