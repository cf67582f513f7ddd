#include "coordinator/jobs/candidate_report.h"

#include <algorithm>
#include <cmath>

#include "coordinator/jobs/tasks.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

constexpr double kBytesOfFloat = 4;

std::string size_of(int height, int width) {
  return std::to_string(height) + "x" + std::to_string(width);
}

std::string_view kept_by(Importance importance) {
  switch (importance) {
    case Importance::kGram: return "kept are the channels that the layers behind can replace least";
    case Importance::kL1: return "kept are the channels with the largest weights (L1)";
    case Importance::kL2: return "kept are the channels with the largest weights (L2)";
    case Importance::kRandom: return "the channels kept are drawn at random";
    case Importance::kThinet:
      return "kept are the channels without which the layers behind err most";
    case Importance::kTaylor:
    case Importance::kFisher: return "kept are the channels that the outputs change most with";
    case Importance::kFisherGram:
      return "kept are the channels whose loss the layers behind cannot make up for in the outputs";
    case Importance::kGates: return "kept are the channels whose trained gates stayed open";
  }
  return "";
}

// Of the choice in `choices` that `wanted` is.
template <typename Sensitivity, typename Choices>
void expect_of(const Sensitivity& known, const Choices& choices, int wanted, ReportedCut& cut) {
  const auto at = std::ranges::find(choices, wanted);
  if (at == choices.end()) return;
  const auto index = static_cast<std::size_t>(at - choices.begin());
  if (index < known.damage.size()) cut.damage = known.damage[index];
  if (index < known.macs_saved.size()) cut.macs_saved = known.macs_saved[index];
}

class Cuts {
 public:
  Cuts(const ModelSummary& model, const Guidance& guidance, const Plan& plan)
      : model_(model), guidance_(guidance), plan_(plan) {}

  std::vector<ReportedCut> all() {
    add_input();
    add_blocks();
    add_widths();
    add_kernels();
    add_precision();
    add_storage();
    return std::move(cuts_);
  }

 private:
  void add_input() {
    const ModelCard& card = model_.card;
    if (plan_.height == card.height && plan_.width == card.width) return;
    cuts_.push_back({CutKind::kInput,
                     "",
                     size_of(card.height, card.width),
                     size_of(plan_.height, plan_.width),
                     "fewer pixels for every layer",
                     {},
                     {}});
  }

  // What blocks of one stage cost is known of the first, the first two, ...: it stands with the
  // last one that goes.
  void add_blocks() {
    for (const std::string& block : plan_.skip) {
      ReportedCut cut{CutKind::kBlock,
                      block,
                      "there",
                      "left out",
                      "what reads it is fitted to what is left",
                      {},
                      {}};
      for (const StageSensitivity& stage : guidance_.blocks) {
        const auto gone = std::ranges::count_if(
            stage.blocks, [&](const std::string& b) { return plan_.skip.contains(b); });
        const auto last = static_cast<std::size_t>(gone - 1);
        if (gone == 0 || stage.blocks[last] != block) continue;
        cut.damage = stage.damage[last];
        cut.macs_saved = stage.macs_saved[last];
        if (gone > 1) cut.why += "; expected of the stage's " + std::to_string(gone) + " together";
      }
      cuts_.push_back(std::move(cut));
    }
  }

  void add_widths() {
    for (const ChannelGroup& group : model_.groups) {
      const auto width = plan_.widths.find(group.name);
      if (width == plan_.widths.end()) continue;
      ReportedCut cut{CutKind::kWidth,
                      group.name,
                      std::to_string(group.channels),
                      std::to_string(width->second),
                      std::string(kept_by(plan_.importance)),
                      {},
                      {}};
      const auto known = std::ranges::find(guidance_.groups, group.name, &GroupSensitivity::group);
      if (known != guidance_.groups.end()) expect_of(*known, known->widths, width->second, cut);
      cuts_.push_back(std::move(cut));
    }
  }

  void add_kernels() {
    for (const auto& [layer, side] : plan_.kernels) {
      const auto of = std::ranges::find(model_.layers, layer, &Layer::name);
      const int own = of == model_.layers.end() || of->kernel.empty() ? 0 : of->kernel.front();
      ReportedCut cut{CutKind::kKernel,
                      layer,
                      size_of(own, own),
                      size_of(side, side),
                      "the taps in the middle are fitted to all of them",
                      {},
                      {}};
      const auto known = std::ranges::find(guidance_.kernels, layer, &KernelSensitivity::layer);
      if (known != guidance_.kernels.end()) expect_of(*known, known->sizes, side, cut);
      cuts_.push_back(std::move(cut));
    }
  }

  void add_precision() {
    if (plan_.quantization) {
      cuts_.push_back({CutKind::kInt8,
                       "",
                       "fp32",
                       "int8",
                       std::to_string(plan_.quantization->weight_bits) +
                           " bits a weight; the decode tail stays as it is",
                       {},
                       {}});
    }
    if (plan_.floats != Precision::kFp32) {
      cuts_.push_back({CutKind::kFloats,
                       "",
                       "fp32",
                       std::string(name_of(plan_.floats)),
                       "the runtime computes in it; the file's numbers are float32",
                       {},
                       {}});
    }
  }

  void add_storage() {
    if (plan_.storage) {
      cuts_.push_back(
          {CutKind::kStorage,
           "",
           "fp32",
           storage_words(*plan_.storage),
           "weights of layers that are not int8, in the file alone: they compute as before",
           {},
           {}});
    }
    if (!plan_.sparsity) return;
    const Sparsity& zeros = *plan_.sparsity;
    const std::string left = zeros.of == 0
                                 ? std::to_string(100 - zeros.percent) + " % of the weights"
                                 : std::to_string(zeros.keep) + " of " + std::to_string(zeros.of);
    cuts_.push_back({CutKind::kZeros,
                     "",
                     "all weights",
                     left,
                     "what is left is fitted to all; faster only where a runtime skips zeros",
                     {},
                     {}});
  }

  const ModelSummary& model_;
  const Guidance& guidance_;
  const Plan& plan_;
  std::vector<ReportedCut> cuts_;
};

std::int64_t rounded(double value) {
  return std::llround(value);
}

// Weights of one output channel read all inputs, one, or those of a part: of a depthwise layer, and
// of one in parts, the share that is left of the outputs is all that is left.
double weights_left(const Layer& layer, const search::LayerSetting& setting) {
  return layer.groups > 1 ? setting.outputs : setting.outputs * setting.inputs;
}

LayerWork work_of(const Layer& layer) {
  return {layer.in_channels, layer.out_channels, layer.macs,
          layer.parameters * static_cast<std::int64_t>(kBytesOfFloat)};
}

LayerWork work_left(const Layer& layer, const search::LayerSetting& setting,
                    double bytes_of_weight) {
  if (setting.gone) return {};
  const double weights = weights_left(layer, setting) * setting.taps;
  const auto parameters = static_cast<double>(layer.parameters) * weights;
  return {static_cast<int>(rounded(layer.in_channels * setting.inputs)),
          static_cast<int>(rounded(layer.out_channels * setting.outputs)),
          rounded(static_cast<double>(layer.macs) * weights * setting.pixels),
          rounded(parameters * bytes_of_weight)};
}

// Why a layer of an int8 plan is not int8; empty: it is.
std::string why_float(const ModelSummary& model, const Plan& plan, const std::string& layer) {
  const auto directive = plan.layers.find(layer);
  if (directive != plan.layers.end() && !directive->second.int8) {
    return "the plan keeps it, because int8 hurts there";
  }
  if (!model.tried) return {};
  const auto kept = std::ranges::find(model.tried->fp32_layers, layer, &Fp32Layer::layer);
  return kept == model.tried->fp32_layers.end() ? std::string() : kept->reason;
}

std::map<std::string, LayerTime> times_of(const std::string& layer, const Trial& trial,
                                          const Trial* original) {
  std::map<std::string, LayerTime> times;
  const auto fill = [&](const Trial& from, std::optional<double> LayerTime::*into) {
    for (const auto& [target, record] : from.on_target) {
      if (!record.latency) continue;
      const auto at = record.latency->layers_ms.find(layer);
      if (at != record.latency->layers_ms.end()) times[target].*into = at->second;
    }
  };
  fill(trial, &LayerTime::ms);
  if (original != nullptr) fill(*original, &LayerTime::original_ms);
  return times;
}

std::vector<ReportedLayer> layers_of(const JobContext& context, const Guidance& guidance,
                                     const Plan& plan, const Trial& trial, const Trial* original) {
  const auto settings = context.space.layer_settings(search::Genome{trial.genome});
  std::vector<ReportedLayer> layers;
  if (settings.size() != context.model.layers.size()) return layers;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const Layer& layer = context.model.layers[i];
    ReportedLayer out;
    out.name = layer.name;
    out.op = layer.op;
    out.gone = settings[i].gone;
    const bool lowered = plan.quantization && settings[i].int8;
    if (plan.quantization) out.why_float = why_float(context.model, plan, layer.name);
    if (lowered && out.why_float.empty()) {
      out.precision = name_of(Precision::kInt8);
    } else {
      out.precision = name_of(plan.floats);
    }
    out.original = work_of(layer);
    const bool int8 = out.precision == name_of(Precision::kInt8);
    out.own = work_left(layer, settings[i], int8 ? 1 : storage_of(plan, layer.name).bits / 8.0);
    out.times = times_of(layer.name, trial, original);
    const auto harmed =
        std::ranges::find(guidance.int8_layers, layer.name, &LayerSensitivity::layer);
    if (harmed != guidance.int8_layers.end()) out.int8_damage = harmed->damage;
    layers.push_back(std::move(out));
  }
  return layers;
}

bool has_times(const Trial* trial, const std::string& target) {
  if (trial == nullptr) return false;
  const auto at = trial->on_target.find(target);
  return at != trial->on_target.end() && at->second.latency &&
         !at->second.latency->layers_ms.empty();
}

// What a reader would look for and not find.
std::vector<std::string> unknown_of(const JobContext& context, const Guidance& guidance,
                                    const CandidateReport& report, const Trial& trial,
                                    const Trial* original) {
  std::vector<std::string> out;
  if (report.layers.empty()) {
    out.emplace_back(
        "Layer by layer nothing is known: another version, or another inspection of "
        "the model, began the trial.");
  }
  for (const Target& target : context.targets) {
    if (has_times(&trial, target.name) && has_times(original, target.name)) continue;
    const bool own = has_times(&trial, target.name);
    out.push_back("On \"" + target.name + "\" the layers of " +
                  (own ? "the original" : "this candidate") +
                  " were not timed one by one: of a job's first " +
                  std::to_string(kProfiledTrials) + " trials they are, where the runtime tells.");
  }
  if (report.plan.quantization && guidance.int8_layers.empty()) {
    out.emplace_back("What int8 does to each layer was not measured when the job prepared.");
  }
  const bool unmeasured = std::ranges::any_of(report.cuts, [](const ReportedCut& cut) {
    return !cut.damage && cut.kind != CutKind::kInt8 && cut.kind != CutKind::kFloats &&
           cut.kind != CutKind::kInput && cut.kind != CutKind::kStorage &&
           cut.kind != CutKind::kZeros;
  });
  if (unmeasured) {
    out.emplace_back("Of cuts without an expected damage nobody measured what they cost alone.");
  }
  if (report.cuts.size() > 1) {
    out.emplace_back(
        "What is lost on a target was measured of all cuts together, not of each: "
        "expected damages say which part weighs more, and do not add up to it.");
  }
  if (original == nullptr) out.emplace_back("The original has not been measured in this job.");
  return out;
}

}  // namespace

Result<CandidateReport> report_of(const JobContext& context, const Guidance& guidance,
                                  const Trial& trial, const Trial* original) {
  auto plan = wire::parse_plan(trial.plan_json);
  if (!plan) return Error{ErrorCode::kInternal, plan.error().message};
  CandidateReport report;
  report.plan = std::move(plan).value();
  report.description =
      describe(report.plan, trial.macs,
               original == nullptr ? std::nullopt : std::optional(original->macs.value_or(0)),
               context.model);
  report.cuts = Cuts(context.model, guidance, report.plan).all();
  if (is_of_space(context, trial)) {
    report.layers = layers_of(context, guidance, report.plan, trial, original);
  }
  for (const Target& target : context.targets) {
    ReportedTarget on{target.name, as_member(trial, original, target.name, context.model), ""};
    const auto at = trial.on_target.find(target.name);
    if (at != trial.on_target.end()) on.infeasible = at->second.infeasible;
    report.targets.push_back(std::move(on));
  }
  report.unknown = unknown_of(context, guidance, report, trial, original);
  return report;
}

}  // namespace pare::coordinator
