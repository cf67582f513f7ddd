#include "engine/pipeline/check_verdict.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "core/check_rules.h"

namespace pare::engine {
namespace {

constexpr double kMostTimes = 3;
constexpr double kMostBeyond = 0.05;
constexpr double kSameTime = 0.98;  // a narrower layer that takes more than this of the wider's

std::string short_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2g", number);
  return text;
}

std::string where(const std::string& network) {
  if (network == "silu") return "behind a SiLU, whose values may be negative";
  if (network == "leaky_relu") return "behind a LeakyRelu, whose values may be negative";
  if (network.ends_with("_joints")) {
    return "in sums, poolings and concatenations of " +
           std::string(network.starts_with("relu") ? "Relu" : "activations with negative values");
  }
  if (network == "depthwise") return "in depthwise layers";
  if (network == "large_weights") return "where weights and activations are large: it saturates";
  return "even between plain convolutions";
}

void judge_correctness(const std::string& runtime, const std::vector<CorrectnessProbe>& all,
                       CheckVerdict& verdict) {
  for (const std::vector<CorrectnessProbe>& probes : by_network(all)) {
    const std::string& network = probes.front().network;
    for (AvoidRule& rule : rules_for(probes)) {
      const CorrectnessProbe& worst = worst_of(probes, rule);
      rule.reason = setting_of(rule);
      if (worst.failure.empty()) {
        rule.reason += " is computed wrongly " + where(network) + " (error " +
                       short_text(worst.error) + " of the output, exact arithmetic has " +
                       short_text(worst.expected) + ")";
      } else {
        rule.reason += " does not run " + where(network) + " (" + worst.failure + ")";
      }
      verdict.findings.push_back(runtime + ": " + rule.reason + ".");
      verdict.avoid.push_back(std::move(rule));
    }
  }
}

// Times over those of another precision, at every width where both were measured.
struct Ratios {
  std::vector<double> values;
  bool clearly_slower() const {
    return !values.empty() &&
           std::ranges::all_of(values, [](double r) { return r >= kClearlySlower; });
  }
  std::string range() const {
    const auto [low, high] = std::ranges::minmax(values);
    return short_text(low) + " to " + short_text(high) + " times";
  }
};

class Timings {
 public:
  explicit Timings(const std::vector<KernelTiming>& kernels) : kernels_(kernels) {}

  std::optional<double> at(KernelClass kernel, int channels,
                           std::optional<QdqPlacement> placement) const {
    for (const KernelTiming& k : kernels_) {
      const bool same = k.kernel == kernel && k.channels == channels && k.placement == placement &&
                        k.floats == Precision::kFp32;
      if (same && k.median_us > 0) return k.median_us;
    }
    return std::nullopt;
  }

  // Of `kernel` in int8 over `other`, in fp32 or in the same placement.
  void add_ratios(KernelClass kernel, QdqPlacement placement, KernelClass other,
                  std::optional<QdqPlacement> in, Ratios& ratios) const {
    for (const KernelTiming& k : kernels_) {
      if (k.kernel != kernel || k.placement != placement) continue;
      const auto base = at(other, k.channels, in);
      if (base) ratios.values.push_back(k.median_us / *base);
    }
  }

  // Of every kernel in this type over fp32.
  Ratios ratios(Precision floats) const {
    Ratios ratios;
    for (const KernelTiming& k : kernels_) {
      if (k.floats != floats || k.placement) continue;
      const auto base = at(k.kernel, k.channels, std::nullopt);
      if (base) ratios.values.push_back(k.median_us / *base);
    }
    return ratios;
  }

  std::vector<int> widths(KernelClass kernel) const {
    std::set<int> widths;
    for (const KernelTiming& k : kernels_) {
      const bool fp32 = !k.placement && k.floats == Precision::kFp32;
      if (k.kernel == kernel && fp32) widths.insert(k.channels);
    }
    return {widths.begin(), widths.end()};
  }

 private:
  const std::vector<KernelTiming>& kernels_;
};

// The same ratios in several placements are one sentence: their files were the same.
struct PlacementRatios {
  Ratios ratios;
  std::vector<QdqPlacement> placements;
};

void judge_class(const std::string& runtime, const Timings& timings,
                 std::initializer_list<KernelClass> kernels, const char* what, ModelTrait trait,
                 CheckVerdict& verdict) {
  std::vector<PlacementRatios> found;
  for (const QdqPlacement placement : kAllPlacements) {
    Ratios ratios;
    for (const KernelClass kernel : kernels) {
      timings.add_ratios(kernel, placement, kernel, std::nullopt, ratios);
    }
    const auto same = std::ranges::find_if(
        found, [&](const PlacementRatios& f) { return f.ratios.values == ratios.values; });
    if (same != found.end()) {
      same->placements.push_back(placement);
    } else if (!ratios.values.empty()) {
      found.push_back({std::move(ratios), {placement}});
    }
  }
  for (const auto& [ratios, placements] : found) {
    std::string words = "int8";
    for (const QdqPlacement placement : placements) {
      if (placements.size() == kAllPlacements.size()) break;
      words += placement == placements.front() ? " with Q/DQ " : " or ";
      words += words_of(placement);
    }
    words += " takes " + ratios.range() + " the fp32 time of " + what;
    verdict.findings.push_back(runtime + ": " + words + ".");
    if (!ratios.clearly_slower()) continue;
    for (const QdqPlacement placement : placements) {
      verdict.avoid.push_back({trait, placement, {}, words});
    }
  }
}

void judge_placements(const std::string& runtime, const Timings& timings, CheckVerdict& verdict) {
  judge_class(runtime, timings, {KernelClass::kConv3x3, KernelClass::kConv1x1},
              "convolutions with Relu", ModelTrait::kRelu, verdict);
  judge_class(runtime, timings, {KernelClass::kSiluBlock}, "convolutions with SiLU",
              ModelTrait::kSmooth, verdict);
}

void judge_depthwise(const std::string& runtime, const Timings& timings, CheckVerdict& verdict) {
  Ratios alone;
  for (const QdqPlacement placement : kAllPlacements) {
    timings.add_ratios(KernelClass::kDepthwise3x3, placement, KernelClass::kDepthwise3x3,
                       std::nullopt, alone);
    Ratios inside;
    timings.add_ratios(KernelClass::kSeparable, placement, KernelClass::kSeparableMixed, placement,
                       inside);
    if (!inside.clearly_slower()) continue;
    const std::string words = "depthwise layers in int8 with Q/DQ " +
                              std::string(words_of(placement)) + " take separable blocks " +
                              inside.range() + " as long as depthwise layers left in fp32";
    verdict.findings.push_back(runtime + ": " + words + ".");
    verdict.avoid.push_back({ModelTrait::kDepthwise, placement, {}, words});
  }
  if (!alone.clearly_slower()) return;
  verdict.findings.push_back(runtime + ": a depthwise layer alone takes in int8 " + alone.range() +
                             " its fp32 time.");
}

void judge_floats(const std::string& runtime, const Timings& timings,
                  const std::vector<FloatCheck>& floats, CheckVerdict& verdict) {
  for (FloatCheck check : floats) {
    const std::string name(name_of(check.precision));
    const Ratios ratios = timings.ratios(check.precision);
    const std::string takes =
        ratios.values.empty() ? "" : name + " takes " + ratios.range() + " the fp32 time";
    if (!check.why_not.empty()) {
      check.why_not = name + " does not run (" + check.why_not + ")";
    } else if (!(check.error <= kMostFloatError)) {
      check.why_not = name + " is computed wrongly (error " + short_text(check.error) +
                      " of the output against fp32)";
    } else if (ratios.clearly_slower()) {
      check.why_not = takes;
    }
    const std::string& finding = check.why_not.empty() ? takes : check.why_not;
    if (!finding.empty()) verdict.findings.push_back(runtime + ": " + finding + ".");
    verdict.floats.push_back(std::move(check));
  }
}

// Widths that cost as much as a wider layer does.
void find_stairs(const std::string& runtime, const Timings& timings, CheckVerdict& verdict) {
  for (const KernelClass kernel : {KernelClass::kConv3x3, KernelClass::kConv1x1}) {
    const std::vector<int> widths = timings.widths(kernel);
    std::string stairs;
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      const double narrow = *timings.at(kernel, widths[i], std::nullopt);
      const double wide = *timings.at(kernel, widths[i + 1], std::nullopt);
      if (narrow < kSameTime * wide) continue;
      stairs += (stairs.empty() ? "" : ", ") + std::to_string(widths[i]) + " as long as " +
                std::to_string(widths[i + 1]);
    }
    if (stairs.empty()) continue;
    verdict.findings.push_back(runtime + ": width steps of " + std::string(name_of(kernel)) +
                               " in fp32: " + stairs + " channels.");
  }
}

}  // namespace

bool is_explained(double error, double expected) {
  return error <= std::max(kMostTimes * expected, expected + kMostBeyond);
}

CheckVerdict judge(const std::string& runtime, const std::vector<CorrectnessProbe>& correctness,
                   const std::vector<KernelTiming>& kernels,
                   const std::vector<FloatCheck>& floats) {
  CheckVerdict verdict;
  judge_correctness(runtime, correctness, verdict);
  const Timings timings(kernels);
  judge_placements(runtime, timings, verdict);
  judge_depthwise(runtime, timings, verdict);
  judge_floats(runtime, timings, floats, verdict);
  find_stairs(runtime, timings, verdict);
  return verdict;
}

}  // namespace pare::engine
