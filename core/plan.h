// A plan: the full recipe from a model to one candidate.  One point of the search space.
//
// It stores widths, never channel numbers: which channels stay follows from the model, the
// statistics and the importance, so that a plan can be replayed on retrained weights.  Its
// canonical JSON and its SHA-256 are in wire/plan_json.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pare {

// How the channels of a group are ranked before the least important ones go.
enum class Importance : std::uint8_t { kGram, kL1, kL2, kRandom };

// What repairs the consumers of removed channels.
enum class Reconstruction : std::uint8_t { kNone, kIndependent };

// Which part of the observed activations the int8 range covers.
enum class RangeMethod : std::uint8_t { kMinMax, kPercentile };

// Where the QuantizeLinear/DequantizeLinear pairs stand.
enum class QdqPlacement : std::uint8_t {
  kOperators,     // around every operator that has an int8 kernel, as ONNX Runtime fuses them
  kConvolutions,  // around convolutions only
};

// int8 by post-training quantization; the decode tail always stays in fp32.
struct QuantizationPlan {
  int weight_bits = 8;  // 8 or 7: processors without VNNI saturate on pairs of 8-bit products
  RangeMethod ranges = RangeMethod::kMinMax;
  QdqPlacement placement = QdqPlacement::kOperators;
  std::vector<std::string> keep_fp32 = {};  // names of layers left in fp32, sorted, no duplicates
  friend bool operator==(const QuantizationPlan&, const QuantizationPlan&) = default;
};

struct Plan {
  // Size of the network's input in pixels.
  int height = 0;
  int width = 0;
  // Channels kept in each group, by the group's name; a group that is absent keeps all of them.
  std::map<std::string, int> widths;
  Importance importance = Importance::kGram;
  Reconstruction reconstruction = Reconstruction::kIndependent;
  std::optional<QuantizationPlan> quantization;  // nullopt: fp32 throughout
  friend bool operator==(const Plan&, const Plan&) = default;
};

}  // namespace pare
