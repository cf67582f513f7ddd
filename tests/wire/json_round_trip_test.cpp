#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/wire/random_documents.h"
#include "wire/job_json.h"
#include "wire/plan_json.h"
#include "wire/sha256.h"
#include "wire/summary_json.h"
#include "wire/target_json.h"
#include "wire/tuning_json.h"

namespace pare::wire {
namespace {

constexpr unsigned kSeeds = 200;

// Decoding what was encoded gives the same value; the message says which text did not.
template <typename T, typename Encode, typename Decode>
void expect_round_trip(const T& value, Encode encode, Decode decode) {
  const std::string json = encode(value);
  const auto back = decode(json);
  ASSERT_TRUE(back.has_value()) << back.error().message << "\n" << json;
  EXPECT_EQ(back.value(), value) << json;
}

TEST(JsonRoundTrip, plans_cards_and_summaries_come_back_as_they_were) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    RandomDocuments random(seed);
    expect_round_trip(random.plan(), plan_to_json, parse_plan);
    expect_round_trip(
        random.card(), [](const ModelCard& c) { return card_to_json(c); }, parse_card);
    expect_round_trip(
        random.partial_card(), [](const PartialCard& c) { return card_to_json(c); },
        parse_partial_card);
    expect_round_trip(random.summary(), summary_to_json, parse_summary);
  }
}

TEST(JsonRoundTrip, jobs_and_targets_come_back_as_they_were) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    RandomDocuments random(seed);
    expect_round_trip(random.job(), job_to_json, parse_new_job);
    expect_round_trip(random.target(), target_to_json, parse_target);
  }
}

TEST(JsonRoundTrip, a_build_has_trained_weights_exactly_where_the_plan_wants_them) {
  RandomDocuments random(1);
  for (const auto weights : {Weights::kOriginal, Weights::kSupernet, Weights::kTuned}) {
    BuildParams params = std::get<BuildParams>(random.params(TaskKind::kBuild));
    params.plan.reconstruction = Reconstruction::kIndependent;
    params.plan.widths["a"] = 8;
    params.plan.weights = weights;
    for (const bool has : {false, true}) {
      TaskDocument task;
      task.params = params;
      for (const char* role : {"model", "statistics"}) task.blobs[role] = random.digest();
      if (has) task.blobs["supernet"] = random.digest();
      const auto parsed = parse_task(task_to_json(task));
      EXPECT_EQ(parsed.has_value(), has == (weights != Weights::kOriginal));
      if (!parsed) {
        EXPECT_THAT(parsed.error().message, testing::HasSubstr("supernet"));
      }
    }
  }
}

TEST(JsonRoundTrip, a_build_has_a_dataset_exactly_where_the_plan_repairs_in_sequence) {
  RandomDocuments random(1);
  for (const auto reconstruction : {Reconstruction::kIndependent, Reconstruction::kSequential}) {
    BuildParams params = std::get<BuildParams>(random.params(TaskKind::kBuild));
    params.plan.reconstruction = reconstruction;
    params.plan.weights = Weights::kOriginal;
    const bool needs = reconstruction == Reconstruction::kSequential;
    for (const bool has : {false, true}) {
      TaskDocument task;
      task.params = params;
      for (const char* role : {"model", "statistics"}) task.blobs[role] = random.digest();
      if (has) task.blobs["dataset"] = random.digest();
      EXPECT_EQ(parse_task(task_to_json(task)).has_value(), has == needs);
    }
  }
}

bool has_teacher(const TaskParams& params) {
  const auto* evaluate = std::get_if<EvaluateParams>(&params);
  const auto* compare = std::get_if<CompareParams>(&params);
  return (evaluate != nullptr && evaluate->teacher) || (compare != nullptr && compare->teacher);
}

// What an evaluation names by number.
void add_rivals(RandomDocuments& random, TaskDocument& task) {
  const auto* evaluate = std::get_if<EvaluateParams>(&task.params);
  for (int i = 0; evaluate != nullptr && i < evaluate->rivals; ++i) {
    task.blobs["rival_" + std::to_string(i)] = random.digest();
  }
}

TEST(JsonRoundTrip, an_evaluation_has_as_many_rivals_as_it_says) {
  RandomDocuments random(11);
  for (int i = 0; i < 40; ++i) {
    TaskDocument task;
    task.params = random.params(TaskKind::kEvaluate);
    auto& params = std::get<EvaluateParams>(task.params);
    params.teacher.reset();
    for (const char* role : {"candidate", "dataset"}) task.blobs[role] = random.digest();
    add_rivals(random, task);
    EXPECT_TRUE(parse_task(task_to_json(task)).has_value());
    params.rivals += 1;
    EXPECT_FALSE(parse_task(task_to_json(task)).has_value());
    if ((params.rivals -= 2) < 0) continue;
    EXPECT_FALSE(parse_task(task_to_json(task)).has_value());
  }
}

TEST(JsonRoundTrip, a_model_comes_with_a_teacher_and_only_then) {
  for (const TaskKind kind : {TaskKind::kEvaluate, TaskKind::kCompare}) {
    for (unsigned seed = 0; seed < kSeeds; ++seed) {
      RandomDocuments random(seed);
      TaskDocument task;
      task.params = random.params(kind);
      task.blobs = {{"dataset", random.digest()}};
      const std::vector<std::string> others =
          kind == TaskKind::kEvaluate ? std::vector<std::string>{"candidate"}
                                      : std::vector<std::string>{"candidate_a", "candidate_b",
                                                                 "detections_a", "detections_b"};
      for (const std::string& role : others) task.blobs[role] = random.digest();
      if (!has_teacher(task.params)) task.blobs["model"] = random.digest();
      add_rivals(random, task);
      const auto parsed = parse_task(task_to_json(task));
      ASSERT_FALSE(parsed.has_value());
      EXPECT_NE(parsed.error().message.find("\"blobs\""), std::string::npos)
          << parsed.error().message;
    }
  }
}

TEST(JsonRoundTrip, tasks_and_outcomes_of_every_kind_come_back_as_they_were) {
  for (const TaskKind kind : kAllTaskKinds) {
    SCOPED_TRACE(pare::name_of(kind));
    for (unsigned seed = 0; seed < kSeeds; ++seed) {
      RandomDocuments random(seed);
      TaskDocument task;
      task.params = random.params(kind);
      ASSERT_EQ(task.kind(), kind);
      std::vector<std::string> needed = std::visit(
          [](const auto& p) { return std::vector<std::string>(p.kBlobs.begin(), p.kBlobs.end()); },
          task.params);
      const auto* build = std::get_if<BuildParams>(&task.params);
      const auto* inspect = std::get_if<InspectModelParams>(&task.params);
      const bool in_sequence =
          build != nullptr && build->plan.reconstruction == Reconstruction::kSequential;
      if (in_sequence || (inspect != nullptr && inspect->trial)) needed.push_back("dataset");
      const auto* train = std::get_if<TrainParams>(&task.params);
      const bool inherits =
          train != nullptr &&
          (train->int8 || (train->plan && train->plan->weights == Weights::kSupernet));
      if (inherits || (build != nullptr && build->plan.weights != Weights::kOriginal)) {
        needed.push_back("supernet");
      }
      for (const std::string& role : needed) task.blobs[role] = random.digest();
      if (has_teacher(task.params)) task.blobs["model"] = random.digest();
      add_rivals(random, task);
      expect_round_trip(task, task_to_json, parse_task);
      for (const auto& [role, sha256] : task.blobs) task.files[role] = "/cache/" + role;
      task.runtimes["openvino"] = {"/bin/harness", "--flag"};
      task.cores = {0, 3};
      task.kept = "/scratch/kept";
      expect_round_trip(task, task_to_json, parse_task);
      task.checkpoints = CheckpointPlace{"/scratch/checkpoints", 1.5};
      expect_round_trip(task, task_to_json, parse_task);
      task.checkpoints->from = "/cache/checkpoint";
      expect_round_trip(task, task_to_json, parse_task);

      expect_round_trip(random.outcome(kind), outcome_to_json,
                        [&](const std::string& json) { return parse_outcome(json, kind); });
      expect_round_trip(random.result(kind), result_to_json,
                        [&](const std::string& json) { return parse_result(json, kind); });
    }
  }
}

TEST(JsonRoundTrip, a_job_says_in_its_recovery_which_plans_are_tuned) {
  const std::string rest = R"("model":"m","dataset":"d","targets":["t"])";
  const auto parse = [&](const std::string& recovery) {
    return parse_new_job(R"({"recovery":)" + recovery + "," + rest + "}");
  };
  const auto alone = parse(R"({"kind":"distill"})");
  ASSERT_TRUE(alone) << alone.error().message;
  EXPECT_EQ(alone.value().distill, (DistillWish{3, 5}));
  EXPECT_FALSE(alone.value().supernet);
  const auto both =
      parse(R"({"kind":"supernet","minutes":30,"distill":{"plans":2,"minutes":0.5}})");
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(both.value().distill, (DistillWish{2, 0.5}));
  EXPECT_EQ(both.value().supernet, SupernetWish{30});
  EXPECT_EQ(parse_new_job(job_to_json(both.value())).value(), both.value());
  for (const char* refused :
       {R"({"kind":"distill","plans":0})", R"({"kind":"distill","plans":51})",
        R"({"kind":"distill","minutes":0})", R"({"kind":"supernet","distill":3})",
        R"({"kind":"none","distill":{}})", R"({"kind":"supernet","int8_minutes":0})",
        R"({"kind":"supernet","from":"abcdefgh","int8_minutes":5})"}) {
    EXPECT_FALSE(parse(refused)) << refused;
  }
  const auto for_int8 = parse(R"({"kind":"supernet","minutes":30,"int8_minutes":5})");
  ASSERT_TRUE(for_int8) << for_int8.error().message;
  EXPECT_EQ(for_int8.value().supernet, (SupernetWish{30, {}, 5}));
}

TEST(JsonRoundTrip, the_tuning_of_a_job_comes_back_as_it_was) {
  Tuning tuning;
  tuning.members = {
      {.trial = 3, .state = TuningState::kTuned, .tuned_trial = 9, .before = 2, .after = 1},
      {.trial = 4, .state = TuningState::kFailed, .reason = "why"},
      {.trial = 5}};
  expect_round_trip(tuning, tuning_to_json, parse_tuning);
  EXPECT_EQ(ended(tuning), 2);
  EXPECT_FALSE(parse_tuning(R"({"members":[{"trial":3,"state":"asleep"}]})"));
  EXPECT_FALSE(parse_tuning("[]"));
}

TEST(JsonRoundTrip, a_plan_is_canonical_and_named_by_its_digest) {
  Plan plan;
  plan.height = 416;
  plan.width = 320;
  plan.widths = {{"b", 8}, {"a", 16}};
  const std::string json = plan_to_json(plan);
  EXPECT_EQ(json, R"({"importance":"gram","input":[416,320],"quantization":null,)"
                  R"("reconstruction":"independent","version":1,"widths":{"a":16,"b":8}})");
  EXPECT_EQ(plan_sha256(plan), sha256_hex(json));
  // The same plan from a text in another order, with other spaces, has the same name.
  const auto other = parse_plan(
      R"({ "version": 1, "widths": {"b": 8, "a": 16}, "input": [416, 320], "quantization": null,
           "reconstruction": "independent", "importance": "gram" })");
  ASSERT_TRUE(other.has_value()) << other.error().message;
  EXPECT_EQ(plan_sha256(other.value()), plan_sha256(plan));
}

TEST(JsonRoundTrip, a_plan_says_whose_weights_it_takes_only_where_they_may_be_others) {
  Plan plan;
  plan.height = plan.width = 64;
  const std::string untouched = plan_to_json(plan);
  plan.weights = Weights::kSupernet;
  const auto nothing_goes = parse_plan(plan_to_json(plan));
  ASSERT_TRUE(nothing_goes) << nothing_goes.error().message;
  EXPECT_EQ(plan_to_json(nothing_goes.value()), untouched);
  Plan int8 = plan;
  int8.quantization = QuantizationPlan{};
  EXPECT_EQ(parse_plan(plan_to_json(int8)).value(), int8);
  plan.widths["stem"] = 8;
  EXPECT_THAT(plan_to_json(plan), testing::HasSubstr(R"("weights":"supernet")"));
  const auto back = parse_plan(plan_to_json(plan));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back.value(), plan);
}

TEST(JsonRoundTrip, a_plan_of_the_first_version_keeps_its_text_and_its_name) {
  const std::string text =
      R"({"importance":"gram","input":[320,416],"quantization":{)"
      R"("keep_fp32":["/model.0/Conv","stem"],"placement":"convolutions","ranges":"percentile",)"
      R"("rounding":"gram","weight_bits":7},"reconstruction":"independent","version":1,)"
      R"("widths":{"neck":24}})";
  const auto plan = parse_plan(text);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(plan_to_json(plan.value()), text);
  EXPECT_EQ(plan_sha256(plan.value()),
            "5fc5883f1493aa3145cb13141fa618521a88f98340d42b184ff603c6ac4337f9");
  EXPECT_FALSE(plan.value().layers.at("stem").int8);
  // Said in the words of the second version it is the same plan.
  const auto again = parse_plan(
      R"({"version": 2, "floats": "fp32", "layers": {"stem": {"int8": false}, "idle": {},
          "/model.0/Conv": {"int8": false}}, "importance": "gram", "input": [320, 416],
          "quantization": {"placement": "convolutions", "ranges": "percentile",
          "rounding": "gram", "weight_bits": 7}, "reconstruction": "independent",
          "widths": {"neck": 24}})");
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again.value(), plan.value());
  EXPECT_EQ(plan_to_json(again.value()), text);
}

TEST(JsonRoundTrip, what_only_the_second_version_can_say_is_said_in_it) {
  Plan plan;
  plan.height = plan.width = 64;
  plan.floats = Precision::kBf16;
  EXPECT_EQ(plan_to_json(plan),
            R"({"floats":"bf16","importance":"gram","input":[64,64],"layers":{},)"
            R"("quantization":null,"reconstruction":"independent","version":2,"widths":{}})");
  plan.quantization.emplace();
  plan.layers["stem"].int8 = false;
  const auto back = parse_plan(plan_to_json(plan));
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(back.value(), plan);
  EXPECT_FALSE(plan_to_json(plan).find("\"stem\":{\"int8\":false}") == std::string::npos);
}

TEST(JsonRoundTrip, blocks_and_kernels_stand_in_a_plan_only_where_some_go) {
  Plan plan;
  plan.height = plan.width = 64;
  const std::string whole = plan_to_json(plan);
  EXPECT_EQ(whole.find("skip"), std::string::npos);
  plan.skip = {"b", "a"};
  plan.kernels["deep"] = 3;
  const std::string text = plan_to_json(plan);
  EXPECT_EQ(text,
            R"({"floats":"fp32","importance":"gram","input":[64,64],"kernels":{"deep":3},)"
            R"("layers":{},"quantization":null,"reconstruction":"independent","skip":["a","b"],)"
            R"("version":2,"widths":{}})");
  const auto back = parse_plan(text);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(back.value(), plan);
  EXPECT_FALSE(parse_plan(R"({"floats":"fp32","importance":"gram","input":[64,64],)"
                          R"("kernels":{"deep":0},"layers":{},"quantization":null,)"
                          R"("reconstruction":"independent","version":2,"widths":{}})"));
}

TEST(JsonRoundTrip, what_a_plan_stores_and_zeroes_stands_there_only_where_it_does) {
  Plan plan;
  plan.height = plan.width = 64;
  const std::string whole = plan_to_json(plan);
  EXPECT_EQ(whole.find("storage"), std::string::npos);
  EXPECT_EQ(whole.find("sparsity"), std::string::npos);
  plan.storage = WeightStorage{4, WeightGrid::kCodebook};
  plan.sparsity = Sparsity{.keep = 2, .of = 4};
  plan.layers["deep"].storage = WeightStorage{.bits = 32};
  const std::string text = plan_to_json(plan);
  EXPECT_EQ(text,
            R"({"floats":"fp32","importance":"gram","input":[64,64],)"
            R"("layers":{"deep":{"storage":{"bits":32,"grid":"linear"}}},"quantization":null,)"
            R"("reconstruction":"independent","sparsity":{"keep":2,"of":4},)"
            R"("storage":{"bits":4,"grid":"codebook"},"version":2,"widths":{}})");
  const auto back = parse_plan(text);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(back.value(), plan);
  // A layer that is told what all are told is told nothing.
  plan.layers["deep"].storage = plan.storage;
  plan.sparsity = Sparsity{.percent = 70};
  const auto idle = parse_plan(plan_to_json(plan));
  ASSERT_TRUE(idle.has_value()) << idle.error().message;
  EXPECT_TRUE(idle.value().layers.empty());
  EXPECT_EQ(idle.value().sparsity, plan.sparsity);
}

TEST(JsonRoundTrip, a_card_says_how_boxes_are_suppressed_only_where_that_is_unusual) {
  const std::string said = R"({"head":"yolox","nms":{"kind":"soft_gaussian","sigma":0.3}})";
  const auto card = parse_partial_card(said);
  ASSERT_TRUE(card.has_value()) << card.error().message;
  EXPECT_EQ(card.value().nms.kind, NmsKind::kSoftGaussian);
  EXPECT_EQ(card_to_json(card.value()), said);
  const auto usual = parse_partial_card(R"({"head":"yolox","nms":{"kind":"greedy","iou":0.65}})");
  ASSERT_TRUE(usual.has_value()) << usual.error().message;
  EXPECT_EQ(card_to_json(usual.value()), R"({"head":"yolox"})");
  EXPECT_FALSE(parse_partial_card(R"({"nms":{"kind":"hard"}})"));
  EXPECT_FALSE(parse_partial_card(R"({"nms":{"iou":1.5}})"));
  EXPECT_FALSE(parse_partial_card(R"({"nms":{"most":0}})"));
}

TEST(JsonRoundTrip, plans_that_contradict_themselves_are_refused_by_the_field) {
  const auto refused = [](const std::string& what) {
    const auto plan = parse_plan(
        R"({"floats":"fp32","importance":"gram","input":[64,64],"layers":{},)"
        R"("quantization":null,"reconstruction":"independent","version":2,"widths":{},)" +
        what + "}");
    return plan ? std::string("taken") : plan.error().message;
  };
  using testing::HasSubstr;
  EXPECT_THAT(refused(R"("storage":{"bits":5})"), HasSubstr("bits"));
  EXPECT_THAT(refused(R"("storage":{"bits":8,"grid":"codebook"})"), HasSubstr("grid"));
  EXPECT_THAT(refused(R"("sparsity":{"keep":4,"of":4})"), HasSubstr("keep"));
  EXPECT_THAT(refused(R"("sparsity":{"percent":50,"keep":2,"of":4})"), HasSubstr("percent"));
  EXPECT_THAT(refused(R"("sparsity":{"percent":0})"), HasSubstr("percent"));
}

TEST(JsonRoundTrip, a_job_with_only_what_is_required_has_the_documented_defaults) {
  const auto job = parse_new_job(R"({"model": "m", "dataset": "d", "targets": ["t"]})");
  ASSERT_TRUE(job.has_value()) << job.error().message;
  EXPECT_EQ(job_to_json(job.value()),
            R"({"across":"each","begin_with":[],"budget":{"device_seconds":null,"seconds":null,)"
            R"("stagnation":null,"trials":200},"constraints":[],"dataset":"d",)"
            R"("model":"m","objectives":["map_50_95","latency_ms"],"recovery":"reconstruct",)"
            R"("seed":1,"space":{"depth":true,"kernels":true,)"
            R"("precision":["fp32","int8","fp16","bf16"],"resolution":[0.5,1.0],)"
            R"("storage":true,"width":true},"strategy":"pare","targets":["t"],"transfer":null,)"
            R"("validation":{"held_back":null,"try_preprocessings":true},"weights":{}})");
}

TEST(JsonRoundTrip, a_layer_whose_name_is_not_utf8_does_not_break_the_summary) {
  RandomDocuments random(1);
  ModelSummary summary = random.summary();
  summary.notes = {"layer \xff\xfe"};
  EXPECT_TRUE(parse_summary(summary_to_json(summary)).has_value());
}

}  // namespace
}  // namespace pare::wire
