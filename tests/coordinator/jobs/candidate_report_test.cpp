// What a candidate's report says, over the trials of a job on a made-up detector.
#include "coordinator/jobs/candidate_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/jobs/tasks.h"
#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kTimedLayer = "layer1";

class CandidateReports : public JobLoopFixture {
 protected:
  static Guidance guidance() {
    Guidance out;
    for (const ChannelGroup& group : search::small_detector(10).groups) {
      GroupSensitivity one;
      one.group = group.name;
      for (const int width : group.widths) {
        if (width == group.channels) continue;
        one.widths.push_back(width);
        one.damage.push_back(0.001 * (group.channels - width));
        one.macs_saved.push_back(10 * (group.channels - width));
      }
      out.groups.push_back(std::move(one));
    }
    out.int8_layers = {{"layer2", 0.5}};
    return out;
  }

  void SetUp() override {
    JobLoopFixture::SetUp();
    fleet->set_twist([](const wire::TaskDocument& task, wire::TaskResult& result) {
      if (auto* prepared = std::get_if<wire::PrepareResult>(&result)) {
        prepared->guidance = guidance();
      }
      auto* benchmark = std::get_if<Measurement>(&result);
      if (benchmark == nullptr) return;
      const auto& params = std::get<wire::BenchmarkParams>(task.params);
      if (params.profile && params.runtime == "openvino") benchmark->layers_ms = {{kTimedLayer, 2}};
    });
    start();
  }

  CandidateReport report(const JobContext& context, const Trial& trial) {
    const Trial original = store->trial(context.job.id, 1).value();
    const Guidance known = guidance_of(context.job, context.training).value();
    auto made = report_of(context, known, trial, &original);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(made).value();
  }

  static const ReportedLayer& layer(const CandidateReport& report, const std::string& name) {
    return *std::ranges::find(report.layers, name, &ReportedLayer::name);
  }
};

TEST_F(CandidateReports, of_the_original_say_that_nothing_is_cut) {
  const JobId id = post(3);
  run_to_rest();
  const auto context = load_context(*store, stored(id)).value();
  const CandidateReport found = report(context, trials(id)[0]);
  EXPECT_THAT(found.cuts, IsEmpty());
  EXPECT_EQ(found.description, "the original");
  ASSERT_EQ(found.layers.size(), context.model.layers.size());
  for (const ReportedLayer& one : found.layers) {
    EXPECT_EQ(one.own.macs, one.original.macs);
    EXPECT_EQ(one.own.bytes, one.original.bytes);
    EXPECT_EQ(one.precision, "fp32");
  }
  ASSERT_EQ(found.targets.size(), 2U);
  EXPECT_EQ(found.targets[0].member->speedup, 1);
  EXPECT_EQ(found.targets[0].member->map_lost, 0);
}

// Of whatever a search tries.
TEST_F(CandidateReports, say_every_change_of_the_plan_and_what_it_leaves_of_each_layer) {
  const JobId id = post(40, "random");
  run_to_rest();
  const auto context = load_context(*store, stored(id)).value();
  int lowered = 0;
  for (const Trial& trial : trials(id)) {
    SCOPED_TRACE(trial.plan_json);
    const CandidateReport found = report(context, trial);
    const Plan plan = wire::parse_plan(trial.plan_json).value();
    const bool resized = plan.height != context.model.card.height;
    EXPECT_EQ(found.cuts.size(), plan.widths.size() + plan.skip.size() + plan.kernels.size() +
                                     (resized ? 1U : 0U) + (plan.quantization ? 1U : 0U) +
                                     (plan.floats != Precision::kFp32 ? 1U : 0U));
    const double pixels = double(plan.height) * plan.width / (416.0 * 416.0);
    for (const auto& [group, width] : plan.widths) {
      const ReportedLayer& made = layer(found, "layer" + group.substr(5));
      EXPECT_EQ(made.own.outputs, width);
      const double left = double(width) / made.original.outputs;
      EXPECT_NEAR(double(made.own.macs), double(made.original.macs) * left * pixels, 1);
      const auto cut = std::ranges::find(found.cuts, group, &ReportedCut::what);
      EXPECT_NEAR(cut->damage.value(), 0.001 * (made.original.outputs - width), 1e-12);
      EXPECT_EQ(cut->to, std::to_string(width));
    }
    for (const ReportedLayer& one : found.layers) {
      const bool int8 = plan.quantization && one.why_float.empty();
      EXPECT_EQ(one.precision == "int8", int8);
      EXPECT_EQ(one.int8_damage.has_value(), one.name == "layer2");
    }
    lowered += plan.quantization ? 1 : 0;
  }
  EXPECT_GT(lowered, 0);
}

TEST_F(CandidateReports, have_the_times_of_layers_where_the_runtime_told_and_say_where_it_did_not) {
  const JobId id = post(kProfiledTrials + 2, "random");
  run_to_rest();
  const auto context = load_context(*store, stored(id)).value();
  const std::vector<Trial> all = trials(id);
  const CandidateReport early = report(context, all[1]);
  EXPECT_EQ(layer(early, kTimedLayer).times.at("ov").ms, 2);
  EXPECT_EQ(layer(early, kTimedLayer).times.at("ov").original_ms, 2);
  EXPECT_EQ(layer(early, kTimedLayer).times.count("ort"), 0U);
  EXPECT_THAT(early.unknown, Contains(HasSubstr("On \"ort\" the layers of this candidate")));
  EXPECT_THAT(early.unknown, Not(Contains(HasSubstr("On \"ov\""))));
  const CandidateReport late = report(context, all.back());
  EXPECT_THAT(late.unknown, Contains(HasSubstr("On \"ov\" the layers of this candidate")));
}

TEST_F(CandidateReports, compare_a_plan_with_the_original_though_it_is_on_no_front) {
  const JobId id = post(20, "random");
  run_to_rest();
  const auto context = load_context(*store, stored(id)).value();
  const Trial original = trials(id)[0];
  for (const Trial& trial : trials(id)) {
    const CandidateReport found = report(context, trial);
    for (const ReportedTarget& on : found.targets) {
      const auto at = trial.on_target.find(on.target);
      ASSERT_EQ(on.member.has_value(), at != trial.on_target.end() && at->second.accuracy &&
                                           at->second.latency && at->second.infeasible.empty());
      if (!on.member) continue;
      const TargetRecord& from = original.on_target.at(on.target);
      EXPECT_NEAR(on.member->speedup,
                  from.reported_latency()->median / at->second.reported_latency()->median, 1e-9);
    }
  }
}

TEST_F(CandidateReports, without_an_original_say_so) {
  const JobId id = post(5);
  run_to_rest();
  const auto context = load_context(*store, stored(id)).value();
  const auto found = report_of(context, {}, trials(id)[1], nullptr);
  ASSERT_TRUE(found);
  EXPECT_THAT(found.value().unknown, Contains(HasSubstr("The original has not been measured")));
  EXPECT_EQ(found.value().targets[0].member->speedup, 0);
}

}  // namespace
}  // namespace pare::coordinator
