// Workers that answer tasks by formula, for tests of the job loop: no process, no network, no time.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "coordinator/store/store.h"
#include "tests/search/small_detector.h"
#include "tests/support/one_by_one.h"
#include "wire/plan_json.h"
#include "wire/sha256.h"
#include "wire/task_json.h"

namespace pare::coordinator {

// How a task ends, in place of its formula; nullopt: by the formula.
using Mishap = std::function<std::optional<wire::TaskFailure>(const wire::TaskDocument&)>;

class FakeFleet {
 public:
  FakeFleet(Store& store, int workers, unsigned seed) : store_(store), rng_(seed) {
    for (int i = 0; i < workers; ++i) {
      const std::string session = "00000000-0000-4000-8000-00000000000" + std::to_string(i);
      WorkerProfile profile;
      profile.name = "worker " + std::to_string(i);
      profile.device_id = "device" + std::to_string(i);
      profile.device_json = probe("a processor");
      profile.pools = {"default"};
      profile.runtimes = {{"openvino", "1", {"fp32", "int8"}}, {"onnxruntime", "1", {"fp32"}}};
      EXPECT_TRUE(store_.greet(session, profile).has_value());
      sessions_.push_back(session);
      processors_.push_back("a processor");
    }
  }

  // What an engine says of itself from now on: a new executor, other rules of scoring.
  void upgrade(const std::string& executor, const std::string& scoring) {
    executor_ = executor;
    scoring_ = scoring;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      move_to(static_cast<int>(i), processors_[i]);
    }
  }

  // Worker `i` greets again, on another kind of processor.
  void move_to(int i, const std::string& processor) {
    auto workers = store_.workers();
    for (const Worker& worker : workers.value()) {
      if (worker.session != sessions_[static_cast<std::size_t>(i)]) continue;
      processors_[static_cast<std::size_t>(i)] = processor;
      WorkerProfile profile = worker.profile;
      profile.device_json = probe(processor);
      EXPECT_TRUE(store_.greet(worker.session, profile).has_value());
    }
  }

  // Worker `i` greets again, and can do this from now on.
  void give(int i, const std::string& capability) {
    const auto workers = store_.workers();
    for (const Worker& worker : workers.value()) {
      if (worker.session != sessions_[static_cast<std::size_t>(i)]) continue;
      WorkerProfile profile = worker.profile;
      profile.capabilities.push_back(capability);
      EXPECT_TRUE(store_.greet(worker.session, profile).has_value());
    }
  }

  void set_mishap(Mishap mishap) { mishap_ = std::move(mishap); }

  // Called with every result before it is reported.
  using Twist = std::function<void(const wire::TaskDocument&, wire::TaskResult&)>;
  void set_twist(Twist twist) { twist_ = std::move(twist); }

  // A worker at random takes a task, or one that is held comes to its end.  False: nothing to do.
  bool step() {
    if (held_.empty() || rng_() % 2 == 0) {
      if (take()) return true;
    }
    return give_back() || take();
  }

  // In [0, 1), from the text alone.
  static double share(const std::string& text) {
    return static_cast<double>(std::hash<std::string>{}(text) % 1000) / 1000.0;
  }

  // What every trial of preprocessings finds.
  static PreprocessingTrial preprocessing_trial() {
    PreprocessingTrial trial;
    trial.tried = {{Preprocessing{}, 0.4, 0.41}};
    trial.images = 32;
    trial.findings = {"the card's preprocessing is the best"};
    return trial;
  }

  int evaluations() const { return static_cast<int>(evaluated_.size()); }
  // Candidate and runtime of every evaluation that succeeded.
  const std::vector<std::string>& evaluated() const { return evaluated_; }
  // Where, in the same order.
  const std::vector<std::string>& scored_on() const { return scored_on_; }

 private:
  struct Held {
    Lease lease;
    std::size_t worker = 0;
  };

  std::string probe(const std::string& processor) const {
    return R"({"cpu_model":"a model","processor":")" + processor + R"(","engine":{"executor":")" +
           executor_ + R"(","scoring":")" + scoring_ + "\"}}";
  }

  bool take() {
    const std::size_t first = rng_() % sessions_.size();
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      const std::size_t worker = (first + i) % sessions_.size();
      const auto lease = claim_one(store_, sessions_[worker]);
      EXPECT_TRUE(lease.has_value());
      if (!lease.value()) continue;
      held_.push_back({*lease.value(), worker});
      return true;
    }
    return false;
  }

  bool give_back() {
    if (held_.empty()) return false;
    const std::size_t at = rng_() % held_.size();
    const auto [lease, worker] = held_[at];
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
    const auto task = wire::parse_task(lease.document);
    EXPECT_TRUE(task.has_value()) << task.error().message;
    wire::TaskOutcome outcome;
    outcome.seconds = 1;
    const auto failure = mishap_ ? mishap_(task.value()) : std::nullopt;
    if (failure) {
      outcome.end = *failure;
    } else {
      outcome.end = answered(task.value(), processors_[worker]);
    }
    AttemptReport report{
        lease.task, lease.attempt, !failure, false, "", wire::outcome_to_json(outcome)};
    if (failure) {
      report.reason = failure->reason;
      report.retryable = burden_of(failure->code) == Burden::kBurns;
      report.waits = burden_of(failure->code) == Burden::kWaits;
    }
    EXPECT_TRUE(store_.report(report).has_value());
    return true;
  }

  wire::TaskSuccess answered(const wire::TaskDocument& task, const std::string& processor) {
    wire::TaskSuccess success = by_formula(task, processor);
    if (twist_) twist_(task, success.result);
    return success;
  }

  wire::TaskSuccess by_formula(const wire::TaskDocument& task, const std::string& processor) {
    switch (task.kind()) {
      case TaskKind::kInspectModel: {
        ModelSummary model = search::small_detector(10);
        model.sha256 = task.blobs.at("model");
        model.opset = 12;
        if (std::get<wire::InspectModelParams>(task.params).trial) {
          model.preprocessing_trial = preprocessing_trial();
        }
        return {model, {}};
      }
      case TaskKind::kInspectDataset:
        return {DatasetCounts{32, 64, 100, true, {"crack", "dent"}}, {}};
      case TaskKind::kPrepare:
        return {wire::PrepareResult{32, 10},
                {{"statistics", wire::BlobRef{wire::sha256_hex("statistics"), 10}}}};
      case TaskKind::kBuild: return build(std::get<wire::BuildParams>(task.params));
      case TaskKind::kEvaluate: return evaluate(task, processor);
      case TaskKind::kBenchmark: return benchmark(task, processor);
      case TaskKind::kCompare: {
        wire::CompareResult result;
        result.sentence = "B is faster";
        return {result, {}};
      }
      case TaskKind::kCheck: return {check(std::get<wire::CheckParams>(task.params)), {}};
      case TaskKind::kTrain: return train(std::get<wire::TrainParams>(task.params));
    }
    return {};
  }

  // As if every sub-network had come half of the way back.
  static wire::TaskSuccess train(const wire::TrainParams& params) {
    Training made;
    made.steps = 100;
    made.images = 26;
    made.held_out_images = 6;
    made.seconds = params.minutes * 60;
    made.threads = 1;
    made.seed = params.seed;
    made.knots = {{0.1, true}, {0.5, true}};
    made.judged = {{0.1, 2, 1}, {0.5, 8, 4}};
    made.program = "fake 1";
    made.processor = "a processor";
    std::string file = "supernet";
    if (params.int8) {
      made.int8 = TrainedInt8{50, true, 4, 1};
      file += " for int8";
    }
    if (params.plan) {  // alone
      made.knots.pop_back();
      made.judged.pop_back();
      file += wire::plan_sha256(*params.plan);
    }
    return {made, {{"supernet", wire::BlobRef{wire::sha256_hex(file), 99}}}};
  }

  static DeviceCheck check(const wire::CheckParams& params) {
    DeviceCheck check;
    check.cpu_model = "a model";
    check.processor = "a processor";
    check.runtime_version = "1";
    check.int8 = params.int8;
    check.findings = {params.runtime + ": nothing to tell."};
    check.canary_ms = {2.0};
    return check;
  }

  wire::TaskSuccess build(const wire::BuildParams& params) {
    const std::string sha256 = wire::plan_sha256(params.plan);
    const auto cut = static_cast<std::int64_t>(params.plan.widths.size());
    return {wire::BuildResult{10'000 - 500 * cut, 1000, 4000, {}},
            {{"candidate", wire::BlobRef{sha256, 4000 - 100 * cut}}}};
  }

  wire::TaskSuccess evaluate(const wire::TaskDocument& task, const std::string& processor) {
    const auto& params = std::get<wire::EvaluateParams>(task.params);
    evaluated_.push_back(task.blobs.at("candidate") + " " + params.runtime);
    scored_on_.push_back(processor);
    Accuracy result;
    result.runtime_version = params.runtime == wire::kExecutor ? executor_ : "1";
    result.processor = processor;
    result.scoring = scoring_;
    result.map_50_95 = 0.4 * (0.5 + share(task.blobs.at("candidate")) / 2);
    const int held_back = static_cast<int>(std::lround(params.held_back * 64));
    result.images = 64 - held_back;
    if (held_back > 0) result.held_back = {result.map_50_95 - 0.02, held_back, {}};
    return {result, {{"detections", wire::BlobRef{wire::sha256_hex(evaluated_.back()), 10}}}};
  }

  wire::TaskSuccess benchmark(const wire::TaskDocument& task, const std::string& processor) {
    const auto& params = std::get<wire::BenchmarkParams>(task.params);
    Measurement result;
    result.median = Millis(5 + 10 * share(task.blobs.at("candidate") + params.runtime));
    result.low = result.median * 0.99;
    result.high = result.median * 1.01;
    result.samples = 64;
    result.canary = CanaryPair{2.0, 2.0};
    result.evidence_json = R"({"processor":")" + processor + "\"}";
    result.peak_memory_bytes =
        std::int64_t{50'000'000} + static_cast<int>(1e6 * result.median.count());
    if (params.parity)
      result.parity = Parity{params.parity->images, 1e-5, params.parity->tolerance};
    return {result,
            {{"samples", wire::BlobRef{wire::sha256_hex(task.blobs.at("candidate")), 700}}}};
  }

  Store& store_;
  std::mt19937 rng_;
  std::vector<std::string> sessions_;
  std::vector<std::string> processors_;  // of each worker
  std::string executor_ = "1";
  std::string scoring_ = "rules";
  std::vector<Held> held_;
  std::vector<std::string> evaluated_;
  std::vector<std::string> scored_on_;
  Mishap mishap_;
  Twist twist_;
};

}  // namespace pare::coordinator
