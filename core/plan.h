// A plan: the full recipe from a model to one candidate.  One point of the search space.
//
// It stores widths, never channel numbers: which channels stay follows from the model, the
// statistics and the importance, so that a plan can be replayed on retrained weights.  Its
// canonical JSON and its SHA-256 are in wire/plan_json.h.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/names.h"
#include "core/precision.h"

namespace pare {

// How the channels of a group are ranked before the least important ones go.
enum class Importance : std::uint8_t {
  kGram,    // by what the consumers cannot repair (block OBS)
  kL1,      // by the norm of the producers' weights
  kL2,      // the same
  kRandom,  // the baseline that the others must beat
  kThinet,  // by the consumers' error without any repair
  // These need gradients, and so their orders come with the statistics (pare-train importance).
  kTaylor,      // by how steeply the outputs change with a gate on the unit
  kFisher,      // by the square of that
  kFisherGram,  // as kGram, an error weighed by how much the network's outputs mind it
  kGates,       // by gates that were trained to close
};

constexpr std::string_view name_of(Importance importance) noexcept {
  switch (importance) {
    case Importance::kGram: return "gram";
    case Importance::kL1: return "l1";
    case Importance::kL2: return "l2";
    case Importance::kRandom: return "random";
    case Importance::kThinet: return "thinet";
    case Importance::kTaylor: return "taylor";
    case Importance::kFisher: return "fisher";
    case Importance::kFisherGram: return "fisher_gram";
    case Importance::kGates: return "gates";
  }
  return "";
}

// Whether it is learned from gradients.
constexpr bool needs_gradients(Importance importance) noexcept {
  return importance >= Importance::kTaylor;
}

// What repairs the consumers of removed channels.
enum class Reconstruction : std::uint8_t {
  kNone,
  kIndependent,  // each on the original network's inputs
  kSequential,   // in order, each on the inputs that the pruned network gives it
};

// Which part of the observed activations the int8 range covers.
enum class RangeMethod : std::uint8_t {
  kMinMax,
  kPercentile,
  kEntropy,            // least Kullback-Leibler divergence
  kMse,                // least squared error
  kMseAfterActivation  // least squared error behind the activation that follows
};

// Where the QuantizeLinear/DequantizeLinear pairs stand.
enum class QdqPlacement : std::uint8_t {
  kOperators,     // around every operator that has an int8 kernel, as ONNX Runtime fuses them
  kConvolutions,  // around convolutions only
  kSiluBlocks,    // around convolutions with the SiLU behind them, none between the two
};
inline constexpr std::array kAllPlacements = {QdqPlacement::kOperators, QdqPlacement::kConvolutions,
                                              QdqPlacement::kSiluBlocks};

// How weights become integers.
enum class Rounding : std::uint8_t {
  kNearest,
  kGram,  // second order: later weights of a row make up for the rounding of earlier ones (GPTQ)
};

// How numbers become int8, by post-training quantization; the decode tail never does.
struct QuantizationPlan {
  int weight_bits = 8;      // 8 or 7: processors without VNNI saturate on pairs of 8-bit products
  int activation_bits = 8;  // 8 or 16: what NPUs have for layers that eight bits ruin
  RangeMethod ranges = RangeMethod::kMinMax;
  bool symmetric = false;  // activations: zero point in the middle
  QdqPlacement placement = QdqPlacement::kOperators;
  Rounding rounding = Rounding::kNearest;
  bool equalization = false;     // cross-layer: ranges of neighbouring layers evened out before
  bool bias_correction = false;  // the mean error of every output channel goes into its bias
  friend bool operator==(const QuantizationPlan&, const QuantizationPlan&) = default;
};

// Whose weights a candidate begins with.
enum class Weights : std::uint8_t {
  kOriginal,
  kSupernet,  // the super-network's that comes with the plan, as the job or the task says
  kTuned,     // trained for this plan alone; they come with it in the same way
};

constexpr std::string_view name_of(Weights weights) noexcept {
  switch (weights) {
    case Weights::kOriginal: return "original";
    case Weights::kSupernet: return "supernet";
    case Weights::kTuned: return "tuned";
  }
  return "";
}

// The values that stored weights may have, each times the scale of its output channel.
enum class WeightGrid : std::uint8_t {
  kLinear,      // evenly spaced
  kPowerOfTwo,  // 0 and powers of two of either sign (Zhou et al., INQ, ICLR 2017)
  kCodebook,    // the layer's own, by k-means (Han et al., Deep Compression, ICLR 2016)
};
inline constexpr std::array kWeightGridNames = {
    Named<WeightGrid>{WeightGrid::kLinear, "linear"},
    Named<WeightGrid>{WeightGrid::kPowerOfTwo, "power_of_two"},
    Named<WeightGrid>{WeightGrid::kCodebook, "codebook"},
};

// How weights of layers that are not int8 stand in the file.  They compute in floating point all
// the same: it saves bytes, and no time.
struct WeightStorage {
  int bits = 8;  // 32 (as they are), 16 (half floats), 8, 4; all but 4 linear only
  WeightGrid grid = WeightGrid::kLinear;
  friend bool operator==(const WeightStorage&, const WeightStorage&) = default;
};
inline constexpr std::array kStorageBits = {32, 16, 8, 4};

// Which weights of a layer are zero.  What is left makes up for them (engine/quant/sparsify.h).
struct Sparsity {
  // Of so many neighbouring input channels, so many stay: 2 of 4 is what Ampere and later
  // accelerate.  0 of 0: anywhere.
  int keep = 0;
  int of = 0;
  int percent = 50;  // anywhere: of the layer's weights
  friend bool operator==(const Sparsity&, const Sparsity&) = default;
};
inline constexpr int kLargestSparseBlock = 16;

// What a plan says of one layer alone, instead of what it says of all.
struct LayerDirective {
  bool int8 = true;                           // false: not even in an int8 plan
  std::optional<WeightStorage> storage = {};  // absent: as the plan's
  friend bool operator==(const LayerDirective&, const LayerDirective&) = default;
};

struct Plan {
  // Size of the network's input in pixels.
  int height = 0;
  int width = 0;
  // Channels kept in each group, by the group's name; a group that is absent keeps all of them.
  std::map<std::string, int> widths;
  Importance importance = Importance::kGram;
  Reconstruction reconstruction = Reconstruction::kIndependent;
  Precision floats = Precision::kFp32;           // of what is not int8; never kInt8
  std::optional<QuantizationPlan> quantization;  // nullopt: nothing is int8
  // By the layer's name; none that says what holds without it.
  std::map<std::string, LayerDirective> layers = {};
  // Of a plan that removes nothing and is not int8 always the original's: a super-network is the
  // original there.
  Weights weights = Weights::kOriginal;
  // Blocks that are left out, by name; what reads them is fitted to what is left.
  std::set<std::string> skip = {};
  // Side of the square kernel of a layer, by its name; a layer that is absent keeps its own.
  std::map<std::string, int> kernels = {};
  std::optional<WeightStorage> storage = {};  // nullopt: as float32
  std::optional<Sparsity> sparsity = {};      // of dense convolutions; nullopt: none
  friend bool operator==(const Plan&, const Plan&) = default;
};

// True if some of its numbers have fewer bits than the original's: what it computes then depends on
// the runtime and the processor.
inline bool is_lowered(const Plan& plan) noexcept {
  return plan.quantization.has_value() || plan.floats != Precision::kFp32;
}

// True if its candidates compute less than the original does at the same size.
inline bool removes_parts(const Plan& plan) noexcept {
  return !plan.widths.empty() || !plan.skip.empty() || !plan.kernels.empty();
}

// True if its candidates may begin with other weights than the original's.
inline bool may_inherit(const Plan& plan) noexcept {
  return removes_parts(plan) || plan.quantization.has_value();
}

// Which plans' candidates begin with the weights of the super-network that there is.
struct Inheritance {
  bool narrower = false;  // those with narrower groups
  bool int8 = false;      // those in int8, whatever they remove
  bool parts = false;     // those, too, that lack blocks or have smaller kernels alone
  friend bool operator==(const Inheritance&, const Inheritance&) = default;
};

// Whose weights its candidates begin with.  Those that were trained for int8 were rounded to
// nearest meanwhile, and are so again: another rounding gives away a part of what they gained.
inline void inherit(Plan& plan, Inheritance inheritance) noexcept {
  const bool for_int8 = inheritance.int8 && plan.quantization.has_value();
  const bool inherits = for_int8 || (inheritance.narrower && !plan.widths.empty()) ||
                        (inheritance.parts && removes_parts(plan));
  plan.weights = inherits ? Weights::kSupernet : Weights::kOriginal;
  if (for_int8) plan.quantization->rounding = Rounding::kNearest;
}

// What a plan and all others have in common whose weights are trained alike: input size and
// precisions come after the weights, and say nothing here.
Plan trained_form(const Plan& plan);

// Where the weights of its candidates come from, in a word: "original", "cut", "closed_form",
// "inherited", "tuned".
std::string_view origin_of_weights(const Plan& plan) noexcept;

// What a target must take to run its candidates.
std::vector<Precision> precisions_of(const Plan& plan);

// In a word, for people: "fp32", "int8", "bf16", "int8+bf16".
std::string precision_words(const Plan& plan);

// How the weights of a layer that is not int8 stand in the file.
WeightStorage storage_of(const Plan& plan, const std::string& layer);

// In a word, for people: "fp16", "int8", "4 bits, codebook".
std::string storage_words(const WeightStorage& storage);

// Names of the layers that stay in floating point in an int8 plan; sorted, no duplicates.
std::vector<std::string> float_layers(const Plan& plan);

}  // namespace pare
