// What a job may choose: one decision per channel group, the resolution, the precision and, where
// that is int8, how.  Genome and Plan are two spellings of one point.
//
// Equal plans are one genome: choices that say nothing (how to quantize an fp32 plan) stand at the
// original's.  The original itself is always in the space, also where the limits leave it out: it
// is what everything is compared with.  A plain value; any thread may read it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  kWidth,       // choices: the group's widths, narrowest first
  kResolution,  // smallest first
  kPrecision,   // fp32, int8
  kWeightBits,  // 8, 7
  kRanges,      // min-max, percentile
  kPlacement,   // around operators, around convolutions
  kKeepFp32,    // a segment of layers: int8, fp32
};

struct Decision {
  DecisionKind kind = DecisionKind::kWidth;
  std::string name;  // the group's, the segment's, or what is decided
  int choices = 1;
  int original = 0;                 // what leaves the model as it is
  bool only_in_original = false;    // the limits exclude that choice for every other plan
  std::vector<int> widths;          // kWidth
  std::vector<std::string> layers;  // kKeepFp32
  // True if neighbouring choices are similar.
  bool ordered() const noexcept {
    return kind == DecisionKind::kWidth || kind == DecisionKind::kResolution;
  }
};

struct InputSize {
  int height = 0;
  int width = 0;
  friend bool operator==(InputSize, InputSize) = default;
};

class Space {
 public:
  // Fails with kInvalidArgument if the summary and the limits leave no resolution at all.
  static Result<Space> make(const ModelSummary& model, const SpaceLimits& limits,
                            Recovery recovery);

  std::span<const Decision> decisions() const noexcept { return decisions_; }
  // Indices of the decisions of one kind.
  std::vector<std::size_t> of_kind(DecisionKind kind) const;
  std::span<const InputSize> resolutions() const noexcept { return resolutions_; }
  bool has_int8() const noexcept { return precision_ >= 0; }

  Genome original() const;
  bool is_int8(const Genome& genome) const noexcept;

  // The one genome that stands for the same plan.  REQUIRES: one valid choice per decision.
  Genome canonical(Genome genome) const;

  // True if the decision may change the plan, given the others.
  bool matters(const Genome& genome, std::size_t decision) const noexcept;

  // REQUIRES: one valid choice per decision.
  Plan plan_of(const Genome& genome) const;

  // kInvalidArgument, naming what does not fit, for a plan that is not in this space.
  Result<Genome> genome_of(const Plan& plan) const;

  // log10 of the number of plans, from above: inert choices are counted too.
  double log10_size() const;

  // Calls visit(genome) for every canonical genome until it returns false.  For small spaces.
  void for_each(const std::function<bool(const Genome&)>& visit) const;

 private:
  std::vector<Decision> decisions_;
  std::vector<InputSize> resolutions_;
  int resolution_ = -1;  // index of the decision, -1 where there is nothing to decide
  int precision_ = -1;
  InputSize input_;  // of the original
  Recovery recovery_ = Recovery::kReconstruct;
};

}  // namespace pare::search
