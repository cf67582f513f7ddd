// Seeded random values of everything that has a JSON encoding, for the property tests.
#pragma once

#include <algorithm>
#include <random>
#include <string>

#include "core/job.h"
#include "core/target.h"
#include "wire/catalog_json.h"
#include "wire/task_json.h"

namespace pare::wire {

class RandomDocuments {
 public:
  explicit RandomDocuments(unsigned seed) : rng_(seed) {}

  int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(rng_); }
  double real(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(rng_);
  }
  bool coin() { return whole(0, 1) == 1; }

  std::string text() {
    static const std::string kPieces[] = {"a", "/model.0/Conv", "\"", "\\", "\n", "é", "雪", "0",
                                          " "};
    std::string out = "t";
    for (int i = whole(0, 6); i > 0; --i) out += kPieces[whole(0, 8)];
    return out;
  }
  std::string digest() {
    std::string out;
    for (int i = 0; i < 64; ++i) out += "0123456789abcdef"[whole(0, 15)];
    return out;
  }
  template <typename Make>
  auto several(int low, int high, Make make) {
    std::vector<decltype(make())> out;
    for (int i = whole(low, high); i > 0; --i) out.push_back(make());
    return out;
  }
  std::vector<std::string> texts(int low = 0) {
    return several(low, 4, [&] { return text(); });
  }
  std::vector<std::string> names(int low) {
    std::vector<std::string> out = texts(low);
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
  }
  std::vector<Precision> precisions() {
    if (coin()) return {Precision::kInt8, Precision::kFp32};
    return {coin() ? Precision::kFp32 : Precision::kInt8};
  }

  Plan plan() {
    Plan out;
    out.height = whole(1, 8192);
    out.width = whole(1, 8192);
    for (const std::string& group : texts()) out.widths[group] = whole(1, 4096);
    out.importance = static_cast<Importance>(whole(0, 8));
    out.reconstruction = static_cast<Reconstruction>(whole(0, 2));
    out.floats = kFloatPrecisions.at(static_cast<std::size_t>(whole(0, 2)));
    if (coin()) {
      out.quantization = quantization();
      for (const std::string& layer : names(0)) out.layers[layer].int8 = false;
    }
    if (coin()) {
      for (const std::string& block : texts()) out.skip.insert(block);
      for (const std::string& layer : texts()) out.kernels[layer] = whole(1, 255);
    }
    if (removes_parts(out)) out.weights = static_cast<Weights>(whole(0, 2));
    return out;
  }

  QuantizationPlan quantization() {
    return {.weight_bits = whole(7, 8),
            .ranges = static_cast<RangeMethod>(whole(0, 4)),
            .symmetric = coin(),
            .placement = static_cast<QdqPlacement>(whole(0, 2)),
            .rounding = static_cast<Rounding>(whole(0, 1)),
            .equalization = coin(),
            .bias_correction = coin()};
  }

  PartChoices parts() {
    PartChoices out;
    for (int i = whole(0, 3); i > 0; --i) {
      out.blocks.push_back({{text(), text()}, {real(0, 9), real(0, 9)}, {whole(0, 99), 7}});
      out.kernels.push_back({text(), {5, 3}, {real(0, 9), real(0, 9)}, {whole(0, 99), 7}});
    }
    return out;
  }

  Guidance guidance() {
    Guidance out;
    const auto widths = [this] {
      std::map<std::string, int> made;
      for (const std::string& group : texts()) made[group] = whole(1, 4096);
      return made;
    };
    for (int i = whole(0, 3); i > 0; --i) {
      out.groups.push_back({text(), {8, 16}, {real(0, 9), real(0, 9)}, {whole(0, 99), 7}});
      out.allocations.push_back({real(0, 1), real(0, 9), widths()});
      for (const std::string& block : texts()) out.allocations.back().skip.insert(block);
      for (const std::string& layer : texts()) out.allocations.back().kernels[layer] = 3;
      out.int8_layers.push_back({text(), real(0, 9)});
    }
    PartChoices choices = parts();
    out.blocks = std::move(choices.blocks);
    out.kernels = std::move(choices.kernels);
    out.notes = texts();
    out.left_out = tried_sizes();
    if (coin()) out.why_no_int8 = text();
    return out;
  }

  Preprocessing preprocessing() {
    Preprocessing out;
    out.rgb = coin();
    out.resize = static_cast<Resize>(whole(0, 2));
    out.pad_value = whole(0, 255);
    for (int c = 0; c < 3; ++c) {
      out.mean[static_cast<std::size_t>(c)] = real(-300, 300);
      out.std[static_cast<std::size_t>(c)] = real(1e-3, 300);
    }
    return out;
  }
  HeadFunction head_function() { return static_cast<HeadFunction>(whole(0, 6)); }
  HeadOutput head_output() {
    HeadOutput out{.layout = static_cast<HeadLayout>(whole(0, 4)), .batch = coin()};
    if (coin()) out.name = text();
    if (out.name.empty()) out.index = whole(0, 63);
    if (coin()) out.stride = whole(1, 1024);
    for (int c = whole(1, 3); c > 0; --c) {
      out.columns.push_back({static_cast<HeadPart>(whole(0, 3)), head_function(), coin(),
                             coin() ? whole(1, 4096) : 0});
    }
    return out;
  }
  HeadDescription head_description() {
    HeadDescription out{.cells_first = coin(),
                        .background = static_cast<HeadBackground>(whole(0, 2)),
                        .root = coin()};
    for (int s = whole(1, 4); s > 0; --s) out.strides.push_back(whole(1, 1024));
    for (int o = whole(1, 3); o > 0; --o) out.outputs.push_back(head_output());
    if (coin()) {
      for (int s = whole(1, 4); s > 0; --s) out.anchors.push_back({{real(1, 9), real(1, 9)}});
    } else {
      out.boxes_per_cell = whole(1, 64);
    }
    HeadBox& box = out.box;
    box.from = static_cast<BoxFrom>(whole(0, 1));
    box.unit = static_cast<BoxUnit>(whole(0, 2));
    box.held = static_cast<BoxHeld>(whole(0, 2));
    box.shares = coin();
    box.bins = whole(1, 256);
    box.function = head_function();
    box.centre = head_function();
    box.size = head_function();
    for (int r = whole(0, 3); r > 0; --r) box.reach.push_back(real(0.5, 3));
    for (double* number : {&box.origin, &box.centre_scale, &box.size_scale}) {
      *number = real(0, 9);
    }
    return out;
  }
  ModelCard card() {
    ModelCard out{text(), preprocessing(), whole(1, 8192), whole(1, 8192), texts(), texts()};
    if (coin()) out.head_description = head_description();
    return out;
  }
  PartialCard partial_card() {
    PartialCard out;
    if (coin()) out.head = text();
    if (coin()) out.preprocessing = preprocessing();
    if (coin()) out.height = out.width = whole(1, 8192);
    if (coin()) out.classes = texts();
    if (coin()) out.scored = texts();
    if (coin()) out.head_description = head_description();
    return out;
  }

  std::vector<TriedSize> tried_sizes() {
    return several(0, 3, [&] {
      return TriedSize{whole(1, 8192), whole(1, 8192), coin() ? text() : ""};
    });
  }
  Tried tried() {
    Tried out;
    out.sizes = tried_sizes();
    if (coin()) out.why_no_int8 = text();
    out.fp32_layers = several(0, 2, [&] { return Fp32Layer{text(), text()}; });
    out.outputs = several(0, 3, [&] {
      return ModelOutput{text(), text(), {1, whole(-1, 99)}, coin() ? text() : ""};
    });
    out.seconds = real(0, 60);
    return out;
  }

  PreprocessingTrial preprocessing_trial() {
    PreprocessingTrial out;
    out.images = whole(0, 32);
    out.tried = several(0, 9, [&] {
      return PreprocessingTrial::Tried{preprocessing(), real(0, 1), real(0, 1)};
    });
    out.findings = texts();
    out.alarms = texts();
    return out;
  }

  ModelSummary summary() {
    ModelSummary out;
    out.sha256 = digest();
    for (int i = whole(0, 2); i > 0; --i) {
      out.stages.push_back({{{text(), texts(), texts()}, {text(), texts(), texts()}}});
      out.kernels.push_back({text(), {5, 3}});
    }
    out.card = card();
    if (coin()) out.origins = {text(), text(), text(), text()};
    out.notes = texts();
    out.opset = whole(1, 21);
    out.macs = whole(0, 1 << 30) * std::int64_t{1000};
    out.parameters = whole(0, 1 << 30);
    out.bytes = whole(0, 1 << 30);
    out.stride = whole(1, 64);
    out.groups = several(0, 4, [&] {
      const int step = whole(1, 16);
      return ChannelGroup{text(), 3 * step, {step, 2 * step, 3 * step}, texts(), texts()};
    });
    out.frozen = several(0, 3, [&] { return FrozenChannels{text(), whole(0, 999), text()}; });
    out.output_layers = texts();
    if (coin()) out.tried = tried();
    if (coin()) out.preprocessing_trial = preprocessing_trial();
    out.activations = texts();
    out.layers = several(0, 4, [&] {
      return Layer{text(),       text(),      {whole(1, 7), whole(1, 7)},
                   whole(1, 9),  whole(1, 9), whole(1, 9),
                   whole(0, 99), whole(0, 99)};
    });
    out.activations = texts();
    return out;
  }

  DeviceCheck device_check() {
    const auto placement = [this] { return static_cast<QdqPlacement>(whole(0, 2)); };
    const auto trait = [this] { return static_cast<ModelTrait>(whole(0, 4)); };
    DeviceCheck out;
    out.cpu_model = text();
    out.processor = text();
    out.runtime_version = text();
    out.int8 = coin();
    if (!coin()) out.refused = "does not load";
    out.findings = texts();
    out.seconds = real(0, 60);
    out.kernels = several(0, 4, [&] {
      KernelTiming timing{
          static_cast<KernelClass>(whole(0, 5)), whole(1, 128), whole(1, 99), {}, real(0, 1e6)};
      if (coin()) timing.placement = placement();
      return timing;
    });
    out.correctness = several(0, 4, [&] {
      CorrectnessProbe probe{text(),     trait(),    placement(), whole(7, 8),
                             real(0, 9), real(0, 1), "",          coin()};
      if (coin()) {
        probe.error = std::numeric_limits<double>::infinity();
        probe.failure = "it crashed";
      }
      return probe;
    });
    out.avoid = several(0, 4, [&] {
      AvoidRule rule{trait(), {}, {}, "broken"};
      if (coin()) rule.placement = placement();
      if (coin()) rule.weight_bits = whole(7, 8);
      return rule;
    });
    out.canary_ms = several(0, 4, [&] { return real(0, 9); });
    return out;
  }

  std::string plain_name() {
    std::string out = "t";
    for (int i = whole(0, 6); i > 0; --i) out += "aZ0._+-"[whole(0, 6)];
    return out;
  }
  Target target() { return {plain_name(), plain_name(), plain_name(), whole(1, 64), precisions()}; }

  NewJob job() {
    NewJob out;
    out.model = text();
    out.dataset = text();
    out.targets = names(1);
    if (coin()) out.objectives = {{MetricKind::kLatencyMs}, {MetricKind::kClassMap, text() + "x"}};
    out.constraints = several(0, 3, [&] {
      Constraint c{{static_cast<MetricKind>(whole(0, 6))}, {}, {}, ""};
      if (coin()) c.metric = {MetricKind::kClassMap, text() + "x"};
      const MetricRange range = range_of(c.metric.kind);
      (coin() ? c.max : c.min) = real(range.low, std::min(range.high, 1000.0));
      if (coin()) c.target = out.targets.front();
      return c;
    });
    if (coin()) {
      out.across = Across::kWorst;
      out.weights[out.targets.front()] = real(0.1, 9);
    }
    if (coin()) out.transfer = TransferFrom{JobId{whole(1, 99)}, whole(4, 40)};
    out.begin_with = several(0, 3, [&] {
      if (coin()) return StartingPoint{plan(), "", {}};
      return coin() ? StartingPoint{{}, text() + "x", {}} : StartingPoint{{}, "", JobId{7}};
    });
    out.space.width = coin();
    out.space.depth = coin();
    out.space.kernels = coin();
    out.space.min_scale = real(0.1, 1);
    out.space.max_scale = real(1, 2);
    out.space.precisions = precisions();
    out.recovery = static_cast<Recovery>(whole(0, 1));
    if (coin()) {
      out.recovery = Recovery::kReconstruct;
      out.supernet = coin() ? SupernetWish{real(1, 600), {}, coin() ? real(1, 60) : 0.0}
                            : SupernetWish{60, text() + "x"};
    }
    if (out.recovery == Recovery::kReconstruct && coin()) {
      out.distill = DistillWish{whole(1, kMostTunedPlans), real(1, 600)};
    }
    out.strategy = coin() ? "random" : "nsga2";
    out.budget.trials = whole(1, 1000);
    if (coin()) out.budget.seconds = real(1, 1e5);
    if (coin()) out.budget.device_seconds = real(1, 1e5);
    if (coin()) out.budget.stagnation = whole(2, 99);
    if (coin()) out.validation.held_back = real(0, 0.9);
    out.validation.try_preprocessings = coin();
    out.seed = std::uint64_t{rng_()} << 32U | rng_();
    return out;
  }

  TaskParams params(TaskKind kind) {
    switch (kind) {
      case TaskKind::kInspectModel: {
        InspectModelParams out;
        if (coin()) out.card = partial_card();
        out.trial = coin();
        return out;
      }
      case TaskKind::kInspectDataset: return InspectDatasetParams{};
      case TaskKind::kPrepare:
        return PrepareParams{card(),
                             several(1, 4,
                                     [&] {
                                       return Size{whole(1, 640), 32};
                                     }),
                             precisions(), rng_(), coin()};
      case TaskKind::kBuild: return BuildParams{card(), plan()};
      case TaskKind::kEvaluate: {
        EvaluateParams out{card(), text(), whole(1, 8), {}};
        if (coin()) out.images = several(0, 4, [&] { return std::int64_t{whole(-9, 9)}; });
        if (coin()) out.teacher = Size{whole(1, 640), whole(1, 640)};
        out.rivals = whole(0, 3);
        out.held_back = real(0, 0.9);
        out.fingerprint_images = whole(0, 9);
        return out;
      }
      case TaskKind::kBenchmark: {
        BenchmarkParams out{card(), text(), whole(1, 8), {}, whole(1, 99), real(0, 60)};
        if (coin()) out.parity = ParityCheck{whole(1, 9), real(0, 1)};
        out.profile = coin();
        out.fingerprint_images = whole(0, 9);
        return out;
      }
      case TaskKind::kCompare:
        return CompareParams{card(),     text(),     whole(1, 8), real(0.01, 0.5),
                             real(0, 1), real(0, 1), whole(2, 5), whole(5, 9),
                             rng_(),     coin(),     real(0, 0.9)};
      case TaskKind::kCheck: return CheckParams{text(), whole(1, 8), coin(), real(0, 60)};
      case TaskKind::kTrain: {
        TrainParams out{card(), real(0, 600), {}, rng_()};
        if (coin()) out.steps = whole(1, 9999);
        if (coin()) out.plan = plan();
        out.int8 = !out.plan && coin();
        if (!out.plan && coin()) out.parts = parts();
        return out;
      }
    }
    return {};
  }

  Training training() {
    Training out;
    out.steps = whole(0, 9999);
    out.skipped = whole(0, 9);
    out.images = whole(1, 999);
    out.held_out_images = whole(1, 200);
    out.seconds = real(0, 1e4);
    out.threads = whole(1, 64);
    out.seed = rng_();
    out.knots = several(0, 4, [&] { return TrainedKnot{real(0, 1), coin()}; });
    out.judged = several(0, 4, [&] { return JudgedShare{real(0, 1), real(0, 9), real(0, 9)}; });
    out.parts = coin();
    if (coin()) out.int8 = TrainedInt8{whole(0, 999), coin(), real(0, 9), real(0, 9)};
    out.program = text();
    out.processor = text();
    if (coin()) out.parent = TrainingParent{digest(), whole(0, 999)};
    out.notes = texts();
    return out;
  }

  TaskResult result(TaskKind kind) {
    switch (kind) {
      case TaskKind::kInspectModel: return summary();
      case TaskKind::kInspectDataset:
        return DatasetCounts{whole(0, 99), whole(0, 99), whole(0, 99), coin(), texts()};
      case TaskKind::kPrepare: return PrepareResult{whole(0, 99), whole(0, 99), guidance()};
      case TaskKind::kBuild: {
        BuildResult out{whole(0, 99), whole(0, 99), whole(0, 99), {}};
        for (const std::string& group : texts()) out.widths[group] = {whole(0, 5), whole(5, 9)};
        return out;
      }
      case TaskKind::kEvaluate: {
        Accuracy out;
        out.map_50_95 = real(-1, 1);
        for (double& figure : out.coco) figure = real(-1, 1);
        for (const std::string& name : texts()) out.per_class[name] = real(-1, 1);
        out.images = whole(1, 999);
        out.labels = static_cast<LabelSource>(whole(0, 2));
        out.draws = several(0, 4, [&] { return real(-1, 1); });
        if (coin()) out.expected = real(0, 1);
        if (coin()) {
          out.held_back = HeldBackAccuracy{real(-1, 1), whole(1, 99),
                                           several(0, 4, [&] { return real(-1, 1); })};
        }
        out.fingerprint = fingerprint();
        return out;
      }
      case TaskKind::kBenchmark: return benchmark();
      case TaskKind::kCompare: {
        CompareResult out;
        out.latency = {real(0, 9), real(0, 9), real(0, 9), whole(0, 60),
                       static_cast<LatencyVerdict>(whole(0, 3))};
        if (coin()) out.latency.high = std::numeric_limits<double>::infinity();
        out.accuracy = {static_cast<LabelSource>(whole(0, 2)),
                        real(-1, 1),
                        real(-1, 1),
                        real(-1, 1),
                        whole(0, 999),
                        static_cast<AccuracyVerdict>(whole(0, 2))};
        out.verdict = static_cast<Verdict>(whole(0, 2));
        out.sentence = text();
        return out;
      }
      case TaskKind::kCheck: return device_check();
      case TaskKind::kTrain: return training();
    }
    return {};
  }

  OutputFingerprint fingerprint() {
    OutputFingerprint out;
    for (const std::string& output : texts()) {
      out[output] = {real(-9, 9), real(0, 9), real(-9, 9), real(0, 1)};
    }
    return out;
  }

  Measurement benchmark() {
    Measurement out;
    out.low = Millis(real(0, 1));
    out.median = out.low + Millis(real(0, 1));
    out.high = out.median + Millis(real(0, 1));
    if (coin()) out.p90 = Millis(real(0, 9));
    out.samples = whole(1, 2000);
    if (coin()) {  // as an earlier version sends them
      out.samples_ms = several(1, 9, [&] { return real(0, 9); });
      out.samples = static_cast<int>(out.samples_ms.size());
    }
    if (coin()) out.samples_sha256 = digest();
    out.load = Millis(real(0, 999));
    out.peak_memory_bytes = std::int64_t{whole(0, 1 << 30)} * 64;
    if (coin()) out.parity = Parity{whole(1, 8), real(0, 1), real(0, 1)};
    if (coin()) out.canary = CanaryPair{real(0, 9), real(0, 9)};
    if (coin()) out.layers_ms = {{text(), real(0, 9)}, {text(), real(0, 9)}};
    out.fingerprint = fingerprint();
    if (coin()) out.evidence_json = R"({"governor":"performance","load":[0.1,null]})";
    if (coin()) {
      out.evidence_json = R"({"processor":"a kind"})";
      out.processor = "a kind";
    }
    return out;
  }

  TaskOutcome outcome(TaskKind kind) {
    TaskOutcome out;
    out.seconds = real(0, 1e4);
    if (coin()) out.phases = {{"infer", real(0, 9)}, {text(), real(0, 9)}};
    if (coin()) {
      out.end = TaskFailure{static_cast<ErrorCode>(whole(0, 5)), text()};
      return out;
    }
    TaskSuccess success{result(kind), {}};
    if (coin()) success.artifacts["candidate"] = LocalFile{text()};
    if (coin()) success.artifacts["detections"] = BlobRef{digest(), whole(0, 1 << 30)};
    out.end = std::move(success);
    return out;
  }

 private:
  std::mt19937 rng_;
};

}  // namespace pare::wire
