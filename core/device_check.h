// What the reality check of a target measured before a search: how fast kernels are there, and
// whether int8 is computed right.
//
// Nothing in it depends on a model: what follows for one is core/avoid.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/avoid.h"
#include "core/plan.h"

namespace pare {

// A short chain of layers, as detectors are made of.
enum class KernelClass : std::uint8_t {
  kConv3x3,         // convolution and Relu
  kConv1x1,         // the same, pointwise
  kDepthwise3x3,    // the same, depthwise
  kSiluBlock,       // 3x3 convolution and SiLU
  kSeparable,       // pointwise, depthwise, pointwise, with Relu
  kSeparableMixed,  // the same, the depthwise layers left in fp32
};
inline constexpr std::array kAllKernelClasses = {
    KernelClass::kConv3x3,   KernelClass::kConv1x1,   KernelClass::kDepthwise3x3,
    KernelClass::kSiluBlock, KernelClass::kSeparable, KernelClass::kSeparableMixed};

inline constexpr std::array kKernelClassNames = {
    Named<KernelClass>{KernelClass::kConv3x3, "conv_3x3"},
    Named<KernelClass>{KernelClass::kConv1x1, "conv_1x1"},
    Named<KernelClass>{KernelClass::kDepthwise3x3, "depthwise_3x3"},
    Named<KernelClass>{KernelClass::kSiluBlock, "silu_block"},
    Named<KernelClass>{KernelClass::kSeparable, "separable"},
    Named<KernelClass>{KernelClass::kSeparableMixed, "separable_mixed"},
};
constexpr std::string_view name_of(KernelClass kernel) noexcept {
  return name_in(kKernelClassNames, kernel);
}

struct KernelTiming {
  KernelClass kernel = KernelClass::kConv3x3;
  int channels = 0;
  int size = 0;                           // height and width of its tensors
  std::optional<QdqPlacement> placement;  // nullopt: not int8
  double median_us = 0;                   // of the whole chain
  Precision floats = Precision::kFp32;
  friend bool operator==(const KernelTiming&, const KernelTiming&) = default;
};

// A small network in int8 on the runtime.  Errors are root mean squares over that of the output.
struct CorrectnessProbe {
  std::string network;  // "silu", "leaky_relu", "relu", "depthwise", "large_weights"
  ModelTrait trait = ModelTrait::kAny;  // of the models that it stands for
  QdqPlacement placement = QdqPlacement::kOperators;
  int weight_bits = 8;
  double error = 0;     // of the runtime's outputs against fp32
  double expected = 0;  // of exact int8 arithmetic against fp32
  std::string failure;  // why there is no error; empty: it ran
  bool ok = true;
  friend bool operator==(const CorrectnessProbe&, const CorrectnessProbe&) = default;
};

// What computing in a shorter floating-point type is worth there.
struct FloatCheck {
  Precision precision = Precision::kFp16;
  double error = 0;     // the worst of small networks' outputs against fp32, as of a probe
  std::string why_not;  // a clause for people; empty: it is worth trying
  friend bool operator==(const FloatCheck&, const FloatCheck&) = default;
};

struct DeviceCheck {
  std::string cpu_model;
  std::string processor = {};  // its kind (host/facts.h); empty: an engine from before
  std::string runtime_version;
  bool int8 = false;    // int8 was looked at, too
  std::string refused;  // why the runtime runs not even a small fp32 network; empty: it does
  std::vector<KernelTiming> kernels;
  std::vector<CorrectnessProbe> correctness;
  std::vector<FloatCheck> floats = {};  // of the types that the runtime takes beside fp32
  std::vector<AvoidRule> avoid;
  std::vector<std::string> findings;  // for people, one sentence each
  std::vector<double> canary_ms;      // readings of the canary, in the order they were taken
  double seconds = 0;
  friend bool operator==(const DeviceCheck&, const DeviceCheck&) = default;
};

}  // namespace pare
