#include "search/space.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "core/check.h"

namespace pare::search {
namespace {

constexpr int kMostResolutions = 6;
constexpr std::size_t kMostSegments = 7;  // beside the stem and the depthwise layers
constexpr std::array<int, 2> kWeightBits = {8, 7};

// Multiples of the stride within the limits, at most six, counted down from the largest; smallest
// first.  Empty where the limits hold neither one of them nor the input's own size.
std::vector<InputSize> resolutions_of(const ModelSummary& model, const SpaceLimits& limits) {
  const int stride = model.stride;
  const InputSize own{model.card.height, model.card.width};
  const auto at_height = [&](int height) {
    const double width = static_cast<double>(own.width) * height / own.height;
    return InputSize{height, std::max(1, static_cast<int>(std::lround(width / stride))) * stride};
  };
  const double low = own.height * limits.min_scale - 1e-9;
  const double high = own.height * limits.max_scale + 1e-9;
  const int largest = static_cast<int>(high / stride) * stride;
  std::vector<InputSize> sizes;
  for (int step = stride; sizes.empty(); step += stride) {
    for (int height = largest; height > 0 && height >= low; height -= step) {
      sizes.push_back(at_height(height));
    }
    if (sizes.empty()) break;  // no multiple of the stride lies within the limits
    if (sizes.size() > kMostResolutions) sizes.clear();
  }
  const bool own_allowed = limits.min_scale <= 1 && limits.max_scale >= 1;
  const bool own_there = std::ranges::find(sizes, own) != sizes.end();
  if (!own_there && (own_allowed || !sizes.empty())) sizes.push_back(own);
  std::ranges::sort(sizes, {}, [](InputSize s) { return s.height; });
  return sizes;
}

bool is_depthwise(const Layer& layer) {
  return layer.groups > 1 && layer.groups == layer.in_channels;
}

// The layers that may stay in fp32 together: the stem, the depthwise ones (whose int8 is often the
// slower), and the others in the order they run, cut in pieces of equal length.
std::vector<Decision> segments_of(const ModelSummary& model) {
  std::vector<Decision> segments;
  const auto add = [&](std::string name, std::vector<std::string> layers) {
    if (layers.empty()) return;
    Decision segment{DecisionKind::kKeepFp32, std::move(name), 2, 0, false, {}, {}};
    segment.layers = std::move(layers);
    segments.push_back(std::move(segment));
  };
  std::vector<std::string> depthwise;
  std::vector<std::string> dense;
  for (std::size_t i = 1; i < model.layers.size(); ++i) {
    (is_depthwise(model.layers[i]) ? depthwise : dense).push_back(model.layers[i].name);
  }
  if (!model.layers.empty()) add("stem", {model.layers.front().name});
  add("depthwise", depthwise);
  const std::size_t pieces = std::min(kMostSegments, dense.size());
  for (std::size_t i = 0; i < pieces; ++i) {
    const auto first = static_cast<std::ptrdiff_t>(dense.size() * i / pieces);
    const auto last = static_cast<std::ptrdiff_t>(dense.size() * (i + 1) / pieces);
    add("part " + std::to_string(i + 1) + " of " + std::to_string(pieces),
        {dense.begin() + first, dense.begin() + last});
  }
  return segments;
}

bool allows(const SpaceLimits& limits, Precision precision) {
  return std::ranges::find(limits.precisions, precision) != limits.precisions.end();
}

bool is_int8_setting(DecisionKind kind) {
  return kind == DecisionKind::kWeightBits || kind == DecisionKind::kRanges ||
         kind == DecisionKind::kPlacement || kind == DecisionKind::kKeepFp32;
}

Error not_in_space(const std::string& what) {
  return {ErrorCode::kInvalidArgument, "the plan is not in this space: " + what};
}

}  // namespace

Result<Space> Space::make(const ModelSummary& model, const SpaceLimits& limits, Recovery recovery) {
  if (model.stride <= 0 || model.card.height <= 0 || model.card.width <= 0) {
    return Error{ErrorCode::kInvalidArgument, "the model's summary has no input size or stride"};
  }
  Space space;
  space.input_ = {model.card.height, model.card.width};
  space.recovery_ = recovery;
  for (const ChannelGroup& group : model.groups) {
    if (!limits.width || group.widths.size() < 2) continue;
    const int count = static_cast<int>(group.widths.size());
    space.decisions_.push_back(
        {DecisionKind::kWidth, group.name, count, count - 1, false, group.widths, {}});
  }
  space.resolutions_ = resolutions_of(model, limits);
  if (space.resolutions_.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "no input size lies within the scales " + std::to_string(limits.min_scale) +
                     " to " + std::to_string(limits.max_scale) + " of " +
                     std::to_string(model.card.height) + " rows: the model's stride is " +
                     std::to_string(model.stride)};
  }
  if (space.resolutions_.size() > 1) {
    space.resolution_ = static_cast<int>(space.decisions_.size());
    const auto own = std::ranges::find(space.resolutions_, space.input_);
    const bool outside = limits.min_scale > 1 || limits.max_scale < 1;
    space.decisions_.push_back({DecisionKind::kResolution,
                                "resolution",
                                static_cast<int>(space.resolutions_.size()),
                                static_cast<int>(own - space.resolutions_.begin()),
                                outside,
                                {},
                                {}});
  }
  if (allows(limits, Precision::kInt8) && !model.layers.empty()) {
    space.precision_ = static_cast<int>(space.decisions_.size());
    space.decisions_.push_back(
        {DecisionKind::kPrecision, "precision", 2, 0, !allows(limits, Precision::kFp32), {}, {}});
    space.decisions_.push_back({DecisionKind::kWeightBits, "weight bits", 2, 0, false, {}, {}});
    space.decisions_.push_back({DecisionKind::kRanges, "ranges", 2, 0, false, {}, {}});
    space.decisions_.push_back({DecisionKind::kPlacement, "placement", 2, 0, false, {}, {}});
    std::ranges::move(segments_of(model), std::back_inserter(space.decisions_));
  }
  return space;
}

std::vector<std::size_t> Space::of_kind(DecisionKind kind) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    if (decisions_[i].kind == kind) out.push_back(i);
  }
  return out;
}

Genome Space::original() const {
  Genome genome;
  for (const Decision& decision : decisions_) genome.choices.push_back(decision.original);
  return genome;
}

bool Space::is_int8(const Genome& genome) const noexcept {
  return precision_ >= 0 && genome.choices[static_cast<std::size_t>(precision_)] == 1;
}

bool Space::matters(const Genome& genome, std::size_t decision) const noexcept {
  return !is_int8_setting(decisions_[decision].kind) || is_int8(genome);
}

Genome Space::canonical(Genome genome) const {
  PARE_CHECK(genome.choices.size() == decisions_.size(), "a genome of another space");
  if (is_int8(genome)) {  // with every layer kept in fp32 it is an fp32 plan
    bool quantizes = false;
    for (const std::size_t i : of_kind(DecisionKind::kKeepFp32))
      quantizes |= genome.choices[i] == 0;
    if (!quantizes) genome.choices[static_cast<std::size_t>(precision_)] = 0;
  }
  if (!is_int8(genome)) {
    for (std::size_t i = 0; i < decisions_.size(); ++i) {
      if (is_int8_setting(decisions_[i].kind)) genome.choices[i] = decisions_[i].original;
    }
  }
  if (genome == original()) return genome;
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    const Decision& d = decisions_[i];
    if (!d.only_in_original || genome.choices[i] != d.original) continue;
    genome.choices[i] += d.original + 1 < d.choices ? 1 : -1;
  }
  return genome;
}

Plan Space::plan_of(const Genome& genome) const {
  PARE_CHECK(genome.choices.size() == decisions_.size(), "a genome of another space");
  Plan plan;
  plan.height = input_.height;
  plan.width = input_.width;
  plan.reconstruction =
      recovery_ == Recovery::kNone ? Reconstruction::kNone : Reconstruction::kIndependent;
  if (is_int8(genome)) plan.quantization.emplace();
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    const Decision& d = decisions_[i];
    const int choice = genome.choices[i];
    PARE_CHECK(choice >= 0 && choice < d.choices, "a choice that its decision does not offer");
    const auto at = static_cast<std::size_t>(choice);
    if (d.kind == DecisionKind::kWidth && choice != d.original) plan.widths[d.name] = d.widths[at];
    if (d.kind == DecisionKind::kResolution) {
      plan.height = resolutions_[at].height;
      plan.width = resolutions_[at].width;
    }
    if (!plan.quantization) continue;
    QuantizationPlan& q = *plan.quantization;
    if (d.kind == DecisionKind::kWeightBits) q.weight_bits = kWeightBits[at];
    if (d.kind == DecisionKind::kRanges) q.ranges = static_cast<RangeMethod>(choice);
    if (d.kind == DecisionKind::kPlacement) q.placement = static_cast<QdqPlacement>(choice);
    if (d.kind == DecisionKind::kKeepFp32 && choice == 1) {
      q.keep_fp32.insert(q.keep_fp32.end(), d.layers.begin(), d.layers.end());
    }
  }
  if (plan.quantization) std::ranges::sort(plan.quantization->keep_fp32);
  return plan;
}

Result<Genome> Space::genome_of(const Plan& plan) const {
  Genome genome = original();
  std::set<std::string, std::less<>> kept;
  if (plan.quantization) {
    if (precision_ < 0) return not_in_space("it is int8, and the job allows fp32 only");
    kept.insert(plan.quantization->keep_fp32.begin(), plan.quantization->keep_fp32.end());
  }
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    const Decision& d = decisions_[i];
    int& choice = genome.choices[i];
    if (d.kind == DecisionKind::kWidth) {
      const auto at = plan.widths.find(d.name);
      if (at == plan.widths.end()) continue;
      choice = static_cast<int>(std::ranges::find(d.widths, at->second) - d.widths.begin());
    } else if (d.kind == DecisionKind::kResolution) {
      const InputSize size{plan.height, plan.width};
      choice = static_cast<int>(std::ranges::find(resolutions_, size) - resolutions_.begin());
    } else if (d.kind == DecisionKind::kPrecision) {
      choice = plan.quantization ? 1 : 0;
    } else if (plan.quantization) {
      const QuantizationPlan& q = *plan.quantization;
      if (d.kind == DecisionKind::kWeightBits) choice = q.weight_bits == 8 ? 0 : 1;
      if (d.kind == DecisionKind::kRanges) choice = static_cast<int>(q.ranges);
      if (d.kind == DecisionKind::kPlacement) choice = static_cast<int>(q.placement);
      if (d.kind == DecisionKind::kKeepFp32) choice = kept.contains(d.layers.front()) ? 1 : 0;
    }
    if (choice >= d.choices) return not_in_space("\"" + d.name + "\" has no such choice");
  }
  if (plan_of(genome) == plan) return canonical(std::move(genome));
  return not_in_space("it names groups or layers, or settings, that are not to be chosen here");
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
      if (++genome.choices[i] < decisions_[i].choices) break;
      genome.choices[i] = 0;
    }
    if (i == decisions_.size()) return;
  }
}

}  // namespace pare::search
