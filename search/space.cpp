#include "search/space.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "core/check.h"

namespace pare::search {
namespace {

constexpr std::size_t kMostResolutions = 6;
constexpr std::size_t kMostSegments = 7;  // beside the stem and the depthwise layers
constexpr std::array kRanges = {RangeMethod::kPercentile, RangeMethod::kMseAfterActivation,
                                RangeMethod::kEntropy, RangeMethod::kMinMax};
constexpr std::array kLevels = {0, 1, 2, 3, 4, 6, 8, 10, 12, 16, 20};  // most harmed layers in fp32

// Why a size does not work, as far as it was tried; empty: it does, or nobody tried.
std::string why_not(const std::vector<TriedSize>& tried, InputSize size) {
  for (const TriedSize& one : tried) {
    if (one.height == size.height && one.width == size.width) return one.why_not;
  }
  return "";
}

// Multiples of the stride within the limits that can be made, at most six, counted down from the
// largest; smallest first.  Empty where the limits hold neither one of them nor the input's own
// size; `reason` then says why, if one of them was tried.
std::vector<InputSize> resolutions_of(const ModelSummary& model, const SpaceLimits& limits,
                                      const Guidance& guidance, std::string& reason) {
  const InputSize own{model.card.height, model.card.width};
  const bool own_allowed = limits.min_scale <= 1 && limits.max_scale >= 1;
  if (model.stride == 0) {  // no other size can be made
    return own_allowed ? std::vector{own} : std::vector<InputSize>{};
  }
  const double low = own.height * limits.min_scale - 1e-9;
  const double high = own.height * limits.max_scale + 1e-9;
  const auto remove = [&](std::vector<InputSize>& sizes, const std::vector<TriedSize>& tried) {
    std::erase_if(sizes, [&](InputSize size) {
      const std::string why = why_not(tried, size);
      if (!why.empty()) reason = why;
      return !why.empty();
    });
  };
  std::vector<InputSize> sizes;
  for (int step = 1;; ++step) {
    sizes = sizes_between(model.card, model.stride, low, high, step);
    if (model.tried) remove(sizes, model.tried->sizes);
    if (sizes.size() <= kMostResolutions) break;
  }
  remove(sizes, guidance.left_out);  // of those chosen: no others were prepared
  const bool own_there = std::ranges::find(sizes, own) != sizes.end();
  if (!own_there && (own_allowed || !sizes.empty())) sizes.push_back(own);
  std::ranges::sort(sizes, {}, [](InputSize s) { return s.height; });
  return sizes;
}

bool is_depthwise(const Layer& layer) {
  return layer.groups > 1 && layer.groups == layer.in_channels;
}

// True for a layer that stays in fp32 whatever a plan says.
bool never_int8(const ModelSummary& model, const std::string& layer) {
  return model.tried && std::ranges::find(model.tried->fp32_layers, layer, &Fp32Layer::layer) !=
                            model.tried->fp32_layers.end();
}

std::vector<std::string> depthwise_of(const ModelSummary& model) {
  std::vector<std::string> names;
  for (const Layer& layer : model.layers) {
    if (is_depthwise(layer) && !never_int8(model, layer.name)) names.push_back(layer.name);
  }
  return names;
}

Decision keep_fp32(std::string name, std::vector<std::string> layers, std::vector<int> levels) {
  Decision decision;
  decision.kind = DecisionKind::kKeepFp32;
  decision.name = std::move(name);
  decision.choices = static_cast<int>(levels.size());
  decision.layers = std::move(layers);
  decision.levels = std::move(levels);
  return decision;
}

Decision all_or_none(std::string name, std::vector<std::string> layers) {
  const int count = static_cast<int>(layers.size());
  return keep_fp32(std::move(name), std::move(layers), {0, count});
}

// Without measured sensitivities: the stem, and the other dense layers in the order they run, cut
// in pieces of equal length.
std::vector<Decision> segments_of(const ModelSummary& model) {
  std::vector<Decision> segments;
  std::vector<std::string> dense;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const Layer& layer = model.layers[i];
    if (never_int8(model, layer.name)) continue;
    if (i == 0) segments.push_back(all_or_none("stem", {layer.name}));
    if (i > 0 && !is_depthwise(layer)) dense.push_back(layer.name);
  }
  const std::size_t pieces = std::min(kMostSegments, dense.size());
  for (std::size_t i = 0; i < pieces; ++i) {
    const auto first = static_cast<std::ptrdiff_t>(dense.size() * i / pieces);
    const auto last = static_cast<std::ptrdiff_t>(dense.size() * (i + 1) / pieces);
    segments.push_back(
        all_or_none("part " + std::to_string(i + 1) + " of " + std::to_string(pieces),
                    {dense.begin() + first, dense.begin() + last}));
  }
  return segments;
}

// The layers that int8 harms most, a few more with every choice; never all of them.  Of one layer
// alone that leaves nothing to decide.
Decision most_harmed(const Guidance& guidance) {
  std::vector<std::string> layers;
  for (const LayerSensitivity& layer : guidance.int8_layers) layers.push_back(layer.layer);
  std::vector<int> levels;
  for (const int level : kLevels) {
    if (static_cast<std::size_t>(level) < layers.size()) levels.push_back(level);
  }
  layers.resize(static_cast<std::size_t>(levels.back()));
  return keep_fp32("most harmed layers", std::move(layers), std::move(levels));
}

// The layers that may stay in fp32 together; the depthwise ones, whose int8 is often the slower,
// are one such set.
std::vector<Decision> keep_fp32_decisions(const ModelSummary& model, const Guidance& guidance,
                                          bool depthwise_too) {
  std::vector<Decision> decisions;
  if (guidance.int8_layers.empty()) {
    decisions = segments_of(model);
  } else {
    decisions.push_back(most_harmed(guidance));
    if (decisions.back().choices < 2) decisions.pop_back();
  }
  std::vector<std::string> outputs = model.output_layers;
  std::erase_if(outputs, [&](const std::string& layer) { return never_int8(model, layer); });
  if (!outputs.empty() && outputs.size() < model.layers.size()) {
    decisions.push_back(all_or_none(std::string(kOutputs), std::move(outputs)));
  }
  std::vector<std::string> depthwise = depthwise_of(model);
  if (depthwise_too && !depthwise.empty()) {
    decisions.push_back(all_or_none("depthwise", std::move(depthwise)));
  }
  return decisions;
}

bool scales_with_input(const std::string& activation) {
  return activation == "Relu" || activation == "LeakyRelu" || activation == "PRelu";
}

bool allows(const SpaceLimits& limits, Precision precision) {
  return std::ranges::find(limits.precisions, precision) != limits.precisions.end();
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_int8_setting(DecisionKind kind) {
  return kind == DecisionKind::kWeightBits || kind == DecisionKind::kRanges ||
         kind == DecisionKind::kPlacement || kind == DecisionKind::kEqualization ||
         kind == DecisionKind::kKeepFp32;
}

// Where nothing was measured: what is removed saves its share, and harms more the more it is.
std::vector<Expected> guessed(const ChannelGroup& group) {
  std::vector<Expected> expected;
  for (const int width : group.widths) {
    const double removed = 1 - static_cast<double>(width) / group.widths.back();
    expected.push_back({removed * removed, removed});
  }
  return expected;
}

// What each width of a group costs and saves; empty where others were measured and this was not.
std::vector<Expected> expected_of(const ChannelGroup& group, const Guidance& guidance) {
  if (guidance.groups.empty()) return guessed(group);
  const auto measured = std::ranges::find(guidance.groups, group.name, &GroupSensitivity::group);
  if (measured == guidance.groups.end()) return {};
  std::vector<Expected> expected(group.widths.size());
  for (std::size_t i = 0; i < group.widths.size(); ++i) {
    const auto at = std::ranges::find(measured->widths, group.widths[i]);
    if (at == measured->widths.end()) continue;  // the full width
    const auto k = static_cast<std::size_t>(at - measured->widths.begin());
    expected[i] = {measured->damage[k], static_cast<double>(measured->macs_saved[k])};
  }
  return expected;
}

// The number of values where it is not among them.
template <typename Value>
int index_of(const std::vector<Value>& values, Value value) {
  return static_cast<int>(std::ranges::find(values, value) - values.begin());
}

// The choice that keeps the most layers in fp32 of those that all of `kept` holds.
int largest_within(const Decision& d, const std::set<std::string, std::less<>>& kept) {
  int run = 0;
  while (std::cmp_less(run, d.layers.size()) &&
         kept.contains(d.layers[static_cast<std::size_t>(run)]))
    ++run;
  const auto above = std::ranges::upper_bound(d.levels, run);
  return static_cast<int>(above - d.levels.begin()) - 1;
}

Error not_in_space(const std::string& what) {
  return {ErrorCode::kInvalidArgument, "the plan is not in this space: " + what};
}

}  // namespace

Result<Space> Space::make(const ModelSummary& model, const SpaceLimits& limits, Recovery recovery,
                          const Int8Choices& int8, const Guidance& guidance) {
  if (model.stride < 0 || model.card.height <= 0 || model.card.width <= 0) {
    return Error{ErrorCode::kInvalidArgument, "the model's summary has no input size or stride"};
  }
  Space space;
  space.input_ = {model.card.height, model.card.width};
  space.recovery_ = recovery;
  for (const ChannelGroup& group : model.groups) {
    if (!limits.width || group.widths.size() < 2) continue;
    const int count = static_cast<int>(group.widths.size());
    space.decisions_.push_back(
        {DecisionKind::kWidth, group.name, count, count - 1, false, group.widths, {}, {}, {}});
    space.decisions_.back().expected = expected_of(group, guidance);
  }
  std::string reason;
  space.resolutions_ = resolutions_of(model, limits, guidance, reason);
  if (space.resolutions_.empty()) {
    return Error{
        ErrorCode::kInvalidArgument,
        "no input size lies within the scales " + std::to_string(limits.min_scale) + " to " +
            std::to_string(limits.max_scale) + " of " + std::to_string(model.card.height) +
            " rows: " +
            (reason.empty() ? "the model's stride is " + std::to_string(model.stride) : reason)};
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
                                {},
                                {},
                                {}});
  }
  const bool works =
      guidance.why_no_int8.empty() && (!model.tried || model.tried->why_no_int8.empty());
  if (allows(limits, Precision::kInt8) && int8.int8 && works && !model.layers.empty()) {
    space.add_int8(model, limits, int8, guidance);
  }
  space.add_layers(model, int8);
  space.add_allocations(guidance);
  return space;
}

void Space::add_int8(const ModelSummary& model, const SpaceLimits& limits, const Int8Choices& int8,
                     const Guidance& guidance) {
  weight_bits_ = int8.weight_bits;
  placements_ = int8.placements;
  PARE_CHECK(!weight_bits_.empty() && !placements_.empty(), "int8 has no settings");
  const auto add = [&](DecisionKind kind, const char* name, std::size_t choices) {
    if (choices < 2) return;
    Decision& decision = decisions_.emplace_back();
    decision.kind = kind;
    decision.name = name;
    decision.choices = static_cast<int>(choices);
  };
  precision_ = static_cast<int>(decisions_.size());
  add(DecisionKind::kPrecision, "precision", 2);
  decisions_.back().only_in_original = !allows(limits, Precision::kFp32);
  add(DecisionKind::kWeightBits, "weight bits", weight_bits_.size());
  add(DecisionKind::kRanges, "ranges", kRanges.size());
  add(DecisionKind::kPlacement, "placement", placements_.size());
  const bool equalizes = std::ranges::any_of(model.activations, scales_with_input);
  add(DecisionKind::kEqualization, "equalization", equalizes ? 2 : 1);
  std::ranges::move(keep_fp32_decisions(model, guidance, !int8.depthwise_in_fp32),
                    std::back_inserter(decisions_));
}

// An allocation's widths that the space does not have go to the next wider ones.
void Space::add_allocations(const Guidance& guidance) {
  for (const Allocation& allocation : guidance.allocations) {
    Genome genome = original();
    for (const std::size_t i : of_kind(DecisionKind::kWidth)) {
      const Decision& d = decisions_[i];
      const auto wanted = allocation.widths.find(d.name);
      if (wanted == allocation.widths.end()) continue;
      const auto at = std::ranges::lower_bound(d.widths, wanted->second);
      if (at != d.widths.end()) genome.choices[i] = static_cast<int>(at - d.widths.begin());
    }
    if (genome != original()) allocations_.push_back(std::move(genome));
  }
}

void Space::add_layers(const ModelSummary& model, const Int8Choices& int8) {
  for (const Layer& layer : model.layers) {
    LayerOfModel& made = layers_.emplace_back();
    made.name = layer.name;
    made.never_int8 = never_int8(model, layer.name);
    made.always_fp32 = int8.depthwise_in_fp32 && is_depthwise(layer) && !made.never_int8;
    for (const std::size_t i : of_kind(DecisionKind::kKeepFp32)) {
      const std::vector<std::string>& kept = decisions_[i].layers;
      const auto at = std::ranges::find(kept, layer.name);
      if (at != kept.end()) made.places.push_back({i, static_cast<int>(at - kept.begin())});
    }
    for (const std::size_t i : of_kind(DecisionKind::kWidth)) {
      const auto group = std::ranges::find(model.groups, decisions_[i].name, &ChannelGroup::name);
      if (contains(group->producers, layer.name) && layer.out_channels > 0) {
        made.outputs.push_back({i, 1.0 / layer.out_channels});
      }
      if (contains(group->consumers, layer.name) && layer.in_channels > 0) {
        made.inputs.push_back({i, 1.0 / layer.in_channels});
      }
    }
  }
}

// True if an int8 plan leaves the layer in fp32.
bool Space::is_kept(const LayerOfModel& layer, const Genome& genome) const {
  return layer.always_fp32 || std::ranges::any_of(layer.places, [&](const Place& place) {
           const auto choice = static_cast<std::size_t>(genome.choices[place.decision]);
           return decisions_[place.decision].levels[choice] > place.level;
         });
}

// A layer's channels that a plan keeps, as a share; never none.
double Space::left_of(const std::vector<Lost>& lost, const Genome& genome) const {
  double left = 1;
  double least = 1;
  for (const Lost& one : lost) {
    const std::vector<int>& widths = decisions_[one.decision].widths;
    const int width = widths[static_cast<std::size_t>(genome.choices[one.decision])];
    left -= (widths.back() - width) * one.share;
    least = std::min(least, one.share);
  }
  return std::max(left, least);
}

std::vector<LayerSetting> Space::layer_settings(const Genome& genome) const {
  LayerSetting whole;
  const bool int8 = is_int8(genome);
  if (int8) whole.placement = placements_.front();
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    const auto choice = static_cast<std::size_t>(genome.choices[i]);
    if (decisions_[i].kind == DecisionKind::kResolution) {
      whole.pixels = static_cast<double>(resolutions_[choice].height) * resolutions_[choice].width /
                     (static_cast<double>(input_.height) * input_.width);
    }
    if (int8 && decisions_[i].kind == DecisionKind::kPlacement) {
      whole.placement = placements_[choice];
    }
  }
  std::vector<LayerSetting> out;
  out.reserve(layers_.size());
  for (const LayerOfModel& layer : layers_) {
    LayerSetting& setting = out.emplace_back(whole);
    setting.outputs = left_of(layer.outputs, genome);
    setting.inputs = left_of(layer.inputs, genome);
    setting.int8 = int8 && !layer.never_int8 && !is_kept(layer, genome);
  }
  return out;
}

std::vector<std::string> Space::kept_in_fp32(const Genome& genome) const {
  std::vector<std::string> kept;
  for (const LayerOfModel& layer : layers_) {
    if (is_kept(layer, genome)) kept.push_back(layer.name);
  }
  std::ranges::sort(kept);
  return kept;
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

bool Space::offers(const Genome& genome) const noexcept {
  return std::ranges::equal(genome.choices, decisions_, [](int choice, const Decision& d) {
    return choice >= 0 && choice < d.choices;
  });
}

bool Space::is_int8(const Genome& genome) const noexcept {
  return precision_ >= 0 && genome.choices[static_cast<std::size_t>(precision_)] == 1;
}

bool Space::matters(const Genome& genome, std::size_t decision) const noexcept {
  return !is_int8_setting(decisions_[decision].kind) || is_int8(genome);
}

Genome Space::canonical(Genome genome) const {
  PARE_CHECK(offers(genome), "a genome of another space");
  if (!only_.empty()) return nearest(genome);
  if (is_int8(genome)) {
    const std::vector<std::string> kept = kept_in_fp32(genome);
    // With every layer that could be int8 kept in fp32 it is an fp32 plan.
    const auto lowered = std::ranges::count(layers_, false, &LayerOfModel::never_int8);
    if (std::cmp_equal(kept.size(), lowered))
      genome.choices[static_cast<std::size_t>(precision_)] = 0;
    // Sets of layers may overlap: of the choices that keep the same layers, the first set's
    // smallest stand for all.
    const std::set<std::string, std::less<>> layers(kept.begin(), kept.end());
    for (const std::size_t i : of_kind(DecisionKind::kKeepFp32)) {
      genome.choices[i] = largest_within(decisions_[i], layers);
    }
    for (const std::size_t i : of_kind(DecisionKind::kKeepFp32)) {
      while (genome.choices[i] > 0) {
        --genome.choices[i];
        if (kept_in_fp32(genome) == kept) continue;
        ++genome.choices[i];
        break;
      }
    }
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
  PARE_CHECK(offers(genome), "a genome of another space");
  Plan plan;
  plan.height = input_.height;
  plan.width = input_.width;
  plan.reconstruction =
      recovery_ == Recovery::kNone ? Reconstruction::kNone : Reconstruction::kIndependent;
  if (is_int8(genome)) {
    QuantizationPlan& q = plan.quantization.emplace();
    q.weight_bits = weight_bits_.front();
    q.ranges = kRanges.front();
    q.placement = placements_.front();
    q.rounding = Rounding::kGram;  // costs a second of building and measured no worse anywhere
    q.keep_fp32 = kept_in_fp32(genome);
  }
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    const Decision& d = decisions_[i];
    const int choice = genome.choices[i];
    const auto at = static_cast<std::size_t>(choice);
    if (d.kind == DecisionKind::kWidth && choice != d.original) plan.widths[d.name] = d.widths[at];
    if (d.kind == DecisionKind::kResolution) {
      plan.height = resolutions_[at].height;
      plan.width = resolutions_[at].width;
    }
    if (!plan.quantization) continue;
    QuantizationPlan& q = *plan.quantization;
    if (d.kind == DecisionKind::kWeightBits) q.weight_bits = weight_bits_[at];
    if (d.kind == DecisionKind::kRanges) q.ranges = kRanges[at];
    if (d.kind == DecisionKind::kPlacement) q.placement = placements_[at];
    if (d.kind == DecisionKind::kEqualization) q.equalization = choice == 1;
  }
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
      if (d.kind == DecisionKind::kWeightBits) choice = index_of(weight_bits_, q.weight_bits);
      if (d.kind == DecisionKind::kRanges) {
        choice = static_cast<int>(std::ranges::find(kRanges, q.ranges) - kRanges.begin());
      }
      if (d.kind == DecisionKind::kPlacement) choice = index_of(placements_, q.placement);
      if (d.kind == DecisionKind::kEqualization) choice = q.equalization ? 1 : 0;
      if (d.kind == DecisionKind::kKeepFp32) choice = largest_within(d, kept);
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
