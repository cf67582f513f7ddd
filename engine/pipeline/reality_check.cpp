#include "engine/pipeline/reality_check.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "engine/pipeline/check_verdict.h"
#include "engine/pipeline/probe_correctness.h"
#include "engine/pipeline/probe_harness.h"
#include "engine/pipeline/probe_kernels.h"
#include "host/facts.h"

namespace pare::engine {
namespace {

using Clock = std::chrono::steady_clock;

class RealityCheck {
 public:
  RealityCheck(const RealityCheckOptions& options, const Progress& progress)
      : options_(options),
        progress_(progress),
        start_(Clock::now()),
        harness_(options.harness, options.threads) {}

  Result<DeviceCheck> run() && {
    const auto up = harness_.up();
    if (!up) return up.error();
    describe(up.value()->hello());
    if (const auto first = take_canary(); !first) {
      check_.refused = first.error().message;
    } else {
      if (auto done = measure(); !done) return done.error();
    }
    CheckVerdict verdict =
        judge(options_.harness.name, check_.correctness, check_.kernels, check_.floats);
    check_.floats = std::move(verdict.floats);
    check_.avoid = std::move(verdict.avoid);
    check_.findings = std::move(verdict.findings);
    check_.seconds = elapsed();
    return std::move(check_);
  }

 private:
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  void describe(const HarnessHello& hello) {
    const host::MachineFacts machine = host::machine_facts();
    check_.cpu_model = machine.cpu_model;
    check_.processor = host::processor_kind(machine);
    check_.runtime_version = hello.version;
    const auto takes = [&](Precision precision) {
      return std::ranges::find(hello.precisions, name_of(precision)) != hello.precisions.end();
    };
    check_.int8 = options_.int8 && takes(Precision::kInt8);
    for (const Precision precision : kFloatPrecisions) {
      const bool shorter = precision != Precision::kFp32;
      if (shorter && takes(precision)) {
        check_.floats.push_back({.precision = precision, .why_not = {}});
      }
    }
  }

  Result<std::monostate> take_canary() {
    const auto reading = harness_.canary();
    if (!reading) return reading.error();
    check_.canary_ms.push_back(reading.value().count());
    return std::monostate{};
  }

  Result<std::monostate> measure() {
    auto floats = probe_floats(harness_, check_.floats, progress_);
    if (!floats) return floats.error();
    check_.floats = std::move(floats).value();
    auto made = make_kernels();
    if (!made) return made.error();
    ProbeKernels kernels = std::move(made).value();
    if (auto done = probe_int8_beside(kernels); !done) return done;
    (void)take_canary();
    for (int round = 0; round < options_.rounds; ++round) {
      if (auto done = time_round(round, kernels); !done) return done;
      (void)take_canary();  // it ran before: a reading less is no reason to end
    }
    check_.kernels = kernels.times();
    return std::monostate{};
  }

  Result<ProbeKernels> make_kernels() {
    ProbeKernelsOptions options{
        .widths = options_.widths, .size = options_.size, .int8 = check_.int8, .floats = {}};
    for (const FloatCheck& floats : check_.floats) {
      if (floats.why_not.empty()) options.floats.push_back(floats.precision);
    }
    return ProbeKernels::make(options, harness_);
  }

  // Whether int8 is right takes no clock: meanwhile the kernels are loaded ahead.
  Result<std::monostate> probe_int8_beside(ProbeKernels& kernels) {
    std::jthread ahead([&] {
      HarnessOptions anywhere = options_.harness;
      anywhere.cores.clear();
      kernels.load_ahead(anywhere, options_.threads);
    });
    if (!check_.int8) return std::monostate{};
    auto probes = probe_int8(harness_, progress_);
    if (!probes) return probes.error();
    check_.correctness = std::move(probes).value();
    return std::monostate{};
  }

  Result<std::monostate> time_round(int round, ProbeKernels& kernels) {
    return kernels.time_round(harness_, [&](std::size_t done, std::size_t all) {
      const double share = static_cast<double>(done) / static_cast<double>(all);
      progress_((round + share) / options_.rounds, "kernels, round " + std::to_string(round + 1) +
                                                       " of " + std::to_string(options_.rounds));
      return elapsed() <= options_.max_seconds;
    });
  }

  const RealityCheckOptions& options_;
  const Progress& progress_;
  Clock::time_point start_;
  ProbeHarness harness_;
  DeviceCheck check_;
};

}  // namespace

Result<DeviceCheck> reality_check(const RealityCheckOptions& options, const Progress& progress) {
  return RealityCheck(options, progress).run();
}

}  // namespace pare::engine
