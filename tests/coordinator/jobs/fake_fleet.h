// Workers that answer tasks by formula, for tests of the job loop: no process, no network, no time.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "coordinator/store/memory_store.h"
#include "tests/search/small_detector.h"
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
      profile.device_json = R"({"cpu_model":"a processor"})";
      profile.pools = {"default"};
      profile.runtimes = {{"openvino", "1", {"fp32", "int8"}}, {"onnxruntime", "1", {"fp32"}}};
      EXPECT_TRUE(store_.greet(session, profile).has_value());
      sessions_.push_back(session);
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

  int evaluations() const { return static_cast<int>(evaluated_.size()); }
  // Candidate and runtime of every evaluation that succeeded.
  const std::vector<std::string>& evaluated() const { return evaluated_; }

 private:
  bool take() {
    const std::size_t first = rng_() % sessions_.size();
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      const auto lease = store_.claim(sessions_[(first + i) % sessions_.size()]);
      EXPECT_TRUE(lease.has_value());
      if (!lease.value()) continue;
      held_.push_back(*lease.value());
      return true;
    }
    return false;
  }

  bool give_back() {
    if (held_.empty()) return false;
    const std::size_t at = rng_() % held_.size();
    const Lease lease = held_[at];
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
    const auto task = wire::parse_task(lease.document);
    EXPECT_TRUE(task.has_value()) << task.error().message;
    wire::TaskOutcome outcome;
    outcome.seconds = 1;
    const auto failure = mishap_ ? mishap_(task.value()) : std::nullopt;
    if (failure) {
      outcome.end = *failure;
    } else {
      outcome.end = answered(task.value());
    }
    AttemptReport report{
        lease.task, lease.attempt, !failure, false, "", wire::outcome_to_json(outcome)};
    if (failure) {
      report.reason = failure->reason;
      report.retryable = is_retryable(failure->code);
    }
    EXPECT_TRUE(store_.report(report).has_value());
    return true;
  }

  wire::TaskSuccess answered(const wire::TaskDocument& task) {
    wire::TaskSuccess success = by_formula(task);
    if (twist_) twist_(task, success.result);
    return success;
  }

  wire::TaskSuccess by_formula(const wire::TaskDocument& task) {
    switch (task.kind()) {
      case TaskKind::kInspectModel: {
        ModelSummary model = search::small_detector(10);
        model.sha256 = task.blobs.at("model");
        model.opset = 12;
        return {model, {}};
      }
      case TaskKind::kInspectDataset:
        return {wire::DatasetSummary{32, 64, 100, true, {"crack", "dent"}}, {}};
      case TaskKind::kPrepare:
        return {wire::PrepareResult{32, 10},
                {{"statistics", wire::BlobRef{wire::sha256_hex("statistics"), 10}}}};
      case TaskKind::kBuild: return build(std::get<wire::BuildParams>(task.params));
      case TaskKind::kEvaluate: return evaluate(task);
      case TaskKind::kBenchmark: return benchmark(task);
      case TaskKind::kCompare: {
        wire::CompareResult result;
        result.sentence = "B is faster";
        return {result, {}};
      }
      case TaskKind::kCheck: return {check(std::get<wire::CheckParams>(task.params)), {}};
    }
    return {};
  }

  static DeviceCheck check(const wire::CheckParams& params) {
    DeviceCheck check;
    check.cpu_model = "a processor";
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

  wire::TaskSuccess evaluate(const wire::TaskDocument& task) {
    const auto& params = std::get<wire::EvaluateParams>(task.params);
    evaluated_.push_back(task.blobs.at("candidate") + " " + params.runtime);
    wire::EvaluateResult result;
    result.map_50_95 = 0.4 * (0.5 + share(task.blobs.at("candidate")) / 2);
    result.images = 64;
    return {result, {{"detections", wire::BlobRef{wire::sha256_hex(evaluated_.back()), 10}}}};
  }

  wire::TaskSuccess benchmark(const wire::TaskDocument& task) {
    const auto& params = std::get<wire::BenchmarkParams>(task.params);
    wire::BenchmarkResult result;
    result.median_ms = 5 + 10 * share(task.blobs.at("candidate") + params.runtime);
    result.low_ms = result.median_ms * 0.99;
    result.high_ms = result.median_ms * 1.01;
    result.samples_ms.assign(64, result.median_ms);
    result.canary = wire::CanaryResult{2.0, 2.0};
    result.peak_memory_bytes = std::int64_t{50'000'000} + static_cast<int>(1e6 * result.median_ms);
    if (params.parity) result.parity = {params.parity->images, 1e-5, params.parity->tolerance};
    return {result, {}};
  }

  // In [0, 1), from the text alone.
  static double share(const std::string& text) {
    return static_cast<double>(std::hash<std::string>{}(text) % 1000) / 1000.0;
  }

  Store& store_;
  std::mt19937 rng_;
  std::vector<std::string> sessions_;
  std::vector<Lease> held_;
  std::vector<std::string> evaluated_;
  Mishap mishap_;
  Twist twist_;
};

}  // namespace pare::coordinator
