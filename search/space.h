// What a job may choose: one decision per channel group, the resolution, the precision and, where
// that is int8, how.  Genome and Plan are two spellings of one point.
//
// Equal plans are one genome: choices that say nothing (how to quantize an fp32 plan) stand at the
// original's.  The original itself is always in the space, also where the limits leave it out: it
// is what everything is compared with.  A plain value; any thread may read it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/avoid.h"
#include "core/guidance.h"
#include "core/input_sizes.h"
#include "core/job.h"
#include "core/model_summary.h"
#include "core/plan.h"
#include "core/result.h"

namespace pare::search {

// A point of the search space: one choice index per decision, in the order of the space.
struct Genome {
  std::vector<int> choices;
  friend bool operator==(const Genome&, const Genome&) = default;
  friend auto operator<=>(const Genome&, const Genome&) = default;
};

enum class DecisionKind : std::uint8_t {
  kWidth,         // choices: the group's widths, narrowest first
  kResolution,    // smallest first
  kPrecision,     // fp32, int8
  kWeightBits,    // 8, 7
  kRanges,        // percentile and others
  kPlacement,     // around operators, around convolutions, whole SiLU blocks
  kEqualization,  // no, yes
  kKeepFp32,      // more and more of some layers, from none on
  kOption,        // choices without an order: of a table or a test problem
  kLevel,         // the same in order
};

// Choices without an order are not merged where a surrogate has fewer levels: so many at most.
inline constexpr int kMostOptions = 256;

// What a choice is expected to do, in any unit that the choices of all decisions share.
struct Expected {
  double damage = 0;
  double saving = 0;
};

struct Decision {
  DecisionKind kind = DecisionKind::kWidth;
  std::string name;  // the group's, the segment's, or what is decided
  int choices = 1;
  int original = 0;                 // what leaves the model as it is
  bool only_in_original = false;    // the limits exclude that choice for every other plan
  std::vector<int> widths;          // kWidth
  std::vector<std::string> layers;  // kKeepFp32
  std::vector<int> levels;         // kKeepFp32: how many of them, from the first on, a choice keeps
  std::vector<Expected> expected;  // of each choice; empty: nothing is known
  // True if neighbouring choices are similar.
  bool ordered() const noexcept {
    return kind == DecisionKind::kWidth || kind == DecisionKind::kResolution ||
           kind == DecisionKind::kKeepFp32 || kind == DecisionKind::kLevel;
  }
};

// The name of the kKeepFp32 decision about the layers that make the outputs.
inline constexpr std::string_view kOutputs = "output layers";

using pare::InputSize;

// How a plan leaves one layer of the model: what the layer's time depends on.
struct LayerSetting {
  double pixels = 1;   // of the network's input, as a share of the model's own
  double outputs = 1;  // channels, as a share of the layer's
  double inputs = 1;
  bool int8 = false;
  std::optional<QdqPlacement> placement = {};  // of the whole plan; nullopt: it is fp32
  friend bool operator==(const LayerSetting&, const LayerSetting&) = default;
};

class Space {
 public:
  // `int8` is what is worth trying where plans are int8: a setting with one value left is no
  // decision.  With `guidance`, layers stay in fp32 in the order in which int8 harms them; without,
  // in segments.  Sizes, and int8, that were tried and do not work are left out.  Fails with
  // kInvalidArgument, saying why, if the summary and the limits leave no resolution at all.
  static Result<Space> make(const ModelSummary& model, const SpaceLimits& limits, Recovery recovery,
                            const Int8Choices& int8 = {}, const Guidance& guidance = {});

  // A space of nothing but these decisions, all kOption or kLevel: a table's or a test problem's.
  // `only`, if there are any, are the genomes that exist; the canonical one of any other is the
  // nearest of them.  It has no plans.
  static Space of_decisions(std::vector<Decision> decisions, std::vector<Genome> only = {});

  std::span<const Decision> decisions() const noexcept { return decisions_; }
  // Indices of the decisions of one kind.
  std::vector<std::size_t> of_kind(DecisionKind kind) const;
  std::span<const InputSize> resolutions() const noexcept { return resolutions_; }
  bool has_int8() const noexcept { return precision_ >= 0; }

  Genome original() const;

  // True if it has one choice a decision, and each decision offers its own.  What was stored by
  // another version, or of a model inspected again, need not: ask before anything below.
  bool offers(const Genome& genome) const noexcept;

  bool is_int8(const Genome& genome) const noexcept;

  // The one genome that stands for the same plan.  REQUIRES: one valid choice per decision.
  Genome canonical(Genome genome) const;

  // True if the decision may change the plan, given the others.
  bool matters(const Genome& genome, std::size_t decision) const noexcept;

  // REQUIRES: one valid choice per decision.
  Plan plan_of(const Genome& genome) const;

  // kInvalidArgument, naming what does not fit, for a plan that is not in this space.
  Result<Genome> genome_of(const Plan& plan) const;

  // Of each layer of the model's summary, in its order; none where the space has no plans.
  // REQUIRES: one valid choice per decision.
  std::vector<LayerSetting> layer_settings(const Genome& genome) const;

  // log10 of the number of plans, from above: inert choices are counted too.
  double log10_size() const;

  // The original with the widths of each of the guidance's allocations, the smallest saving first.
  std::span<const Genome> allocations() const noexcept { return allocations_; }

  // Calls visit(genome) for every canonical genome until it returns false.  For small spaces.
  void for_each(const std::function<bool(const Genome&)>& visit) const;

 private:
  // What a layer loses with each channel that a decision removes.
  struct Lost {
    std::size_t decision = 0;
    double share = 0;  // of the layer's channels
  };
  // Where a layer stands in a kKeepFp32 decision.
  struct Place {
    std::size_t decision = 0;
    int level = 0;  // how many layers come before it
  };
  struct LayerOfModel {
    std::string name;
    std::vector<Lost> outputs;
    std::vector<Lost> inputs;
    std::vector<Place> places;
    bool always_fp32 = false;  // in every int8 plan
    bool never_int8 = false;   // whatever a plan says: it cannot be lowered
  };
  double left_of(const std::vector<Lost>& lost, const Genome& genome) const;
  bool is_kept(const LayerOfModel& layer, const Genome& genome) const;
  void add_int8(const ModelSummary& model, const SpaceLimits& limits, const Int8Choices& int8,
                const Guidance& guidance);
  void add_allocations(const Guidance& guidance);
  void add_layers(const ModelSummary& model, const Int8Choices& int8);
  Genome nearest(const Genome& genome) const;                         // of only_
  std::vector<std::string> kept_in_fp32(const Genome& genome) const;  // sorted, no duplicates

  std::vector<Decision> decisions_;
  std::vector<InputSize> resolutions_;
  int resolution_ = -1;  // index of the decision, -1 where there is nothing to decide
  int precision_ = -1;
  std::vector<int> weight_bits_;          // what int8 plans choose from
  std::vector<QdqPlacement> placements_;  // the same
  std::vector<LayerOfModel> layers_;      // of the model
  std::vector<Genome> allocations_;
  std::vector<Genome> only_;  // sorted; empty: no limit
  InputSize input_;           // of the original
  Recovery recovery_ = Recovery::kReconstruct;
};

}  // namespace pare::search
