// Jobs whose candidates take their weights from a super-network: trained for them, or there
// already.
#include "coordinator/jobs/supernets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/jobs/front.h"
#include "coordinator/jobs/prediction.h"
#include "coordinator/jobs/submission.h"
#include "core/training.h"
#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "wire/plan_json.h"
#include "wire/training_json.h"

namespace pare::coordinator {
namespace {

using testing::HasSubstr;

class Supernets : public JobLoopFixture {
 protected:
  static NewJob inheriting(int trials, std::string from = "") {
    NewJob job = wanted({"ov", "ort"});
    job.budget.trials = trials;
    job.strategy = "nsga2";
    job.supernet = SupernetWish{5, std::move(from)};
    return job;
  }
  // A job with trained weights that has ended.
  JobId trained(int trials = 12) {
    fleet->give(0, std::string(kTraining));
    start();
    const JobId id = add(inheriting(trials));
    run_to_rest();
    return id;
  }
  std::optional<Error> refusal(const NewJob& job) {
    const auto draft = draft_of(*store, *views, job);
    if (draft) return std::nullopt;
    return draft.error();
  }
  std::vector<Task> tasks_of(JobId id, TaskKind kind) {
    std::vector<Task> out;
    const auto tasks = store->tasks({.job = id, .trial = {}, .state = {}}, {0, 1000});
    for (const Task& task : tasks.value()) {
      if (task.task.kind == kind) out.push_back(task);
    }
    return out;
  }
  void expect_that_narrower_ones_inherit(JobId id) {
    int inherited = 0;
    for (const Trial& trial : trials(id)) {
      const Plan plan = wire::parse_plan(trial.plan_json).value();
      EXPECT_EQ(plan.weights == Weights::kSupernet, !plan.widths.empty()) << trial.plan_json;
      inherited += plan.weights == Weights::kSupernet ? 1 : 0;
    }
    EXPECT_GT(inherited, 0);
  }
  const std::string made = wire::sha256_hex("supernet");
};

TEST_F(Supernets, a_job_trains_once_and_everything_that_removes_a_part_inherits) {
  const JobId id = trained();
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_EQ(stored(id).supernet_sha256, made);
  EXPECT_EQ(tasks_of(id, TaskKind::kTrain).size(), 1U);
  expect_consistent(id, 12);
  expect_that_narrower_ones_inherit(id);
  for (const Task& task : tasks_of(id, TaskKind::kBuild)) {
    const wire::TaskDocument document = wire::parse_task(task.task.document_json).value();
    const Plan& plan = std::get<wire::BuildParams>(document.params).plan;
    EXPECT_EQ(document.blobs.contains("supernet"), plan.weights == Weights::kSupernet);
    if (document.blobs.contains("supernet")) {
      EXPECT_EQ(document.blobs.at("supernet"), made);
    }
  }
}

TEST_F(Supernets, what_it_was_trained_on_is_kept_beside_it) {
  const JobId id = trained();
  const auto all = store->supernets({}).value();
  ASSERT_EQ(all.size(), 1U);
  const SupernetRecord& record = all[0];
  EXPECT_EQ(record.sha256, made);
  EXPECT_EQ(record.job, id);
  EXPECT_EQ(record.model_sha256, model);
  EXPECT_EQ(record.dataset_sha256, dataset);
  EXPECT_EQ(record.statistics_sha256, stored(id).statistics_sha256);
  EXPECT_EQ(wire::parse_training(record.training_json).value().steps, 100);
  EXPECT_EQ(store->supernet(made.substr(0, 8)).value().sha256, made);
  EXPECT_EQ(store->supernet(std::string(64, '0')).error().code, ErrorCode::kNotFound);
}

TEST_F(Supernets, a_later_job_takes_it_without_preparing_or_training) {
  const JobId first = trained();
  const JobId second = add(inheriting(12, made.substr(0, 10)));
  run_to_rest();
  ASSERT_EQ(stored(second).state, JobState::kSucceeded) << stored(second).reason;
  EXPECT_EQ(stored(second).supernet_sha256, made);
  EXPECT_EQ(stored(second).statistics_sha256, stored(first).statistics_sha256);
  EXPECT_TRUE(tasks_of(second, TaskKind::kPrepare).empty());
  EXPECT_TRUE(tasks_of(second, TaskKind::kTrain).empty());
  expect_consistent(second, 12);
}

TEST_F(Supernets, where_the_statistics_lack_what_a_job_needs_it_prepares_itself_and_trains_not) {
  fleet->give(0, std::string(kTraining));
  start();
  NewJob narrow = inheriting(4);
  narrow.space.min_scale = narrow.space.max_scale = 1;
  add(narrow);
  run_to_rest();
  const JobId wide = add(inheriting(4, made));
  run_to_rest();
  EXPECT_EQ(stored(wide).state, JobState::kSucceeded) << stored(wide).reason;
  EXPECT_EQ(stored(wide).supernet_sha256, made);
  EXPECT_EQ(tasks_of(wide, TaskKind::kPrepare).size(), 1U);
  EXPECT_TRUE(tasks_of(wide, TaskKind::kTrain).empty());
  expect_consistent(wide, 4);
}

TEST_F(Supernets, one_that_was_added_as_a_file_is_taken_by_a_job_that_prepares_itself) {
  start();
  const std::string file = wire::sha256_hex("from elsewhere");
  Training training;
  training.knots = {{0.1, true}};
  training.judged = {{0.1, 2, 1}};
  ASSERT_TRUE(
      store->commit({{},
                     {SupernetAdded{{.sha256 = file,
                                     .bytes = 9,
                                     .model_sha256 = model,
                                     .statistics_sha256 = wire::sha256_hex("other statistics"),
                                     .training_json = wire::training_to_json(training)}}}}));
  const JobId id = add(inheriting(12, file.substr(0, 10)));
  run_to_rest();
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_EQ(stored(id).supernet_sha256, file);
  EXPECT_EQ(tasks_of(id, TaskKind::kPrepare).size(), 1U);
  EXPECT_FALSE(store->supernet(file).value().job);
  expect_that_narrower_ones_inherit(id);
}

TEST_F(Supernets, one_of_another_model_or_none_at_all_is_refused_when_it_is_posted) {
  trained();
  EXPECT_FALSE(refusal(inheriting(4, made)));
  const std::string other(64, 'e');
  add_model("other", other);
  run_to_rest();
  NewJob job = inheriting(4, made);
  job.model = "other";
  const auto refused = refusal(job);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, ErrorCode::kUnsupported);
  EXPECT_THAT(refused->message, HasSubstr(model));
  EXPECT_THAT(refused->message, HasSubstr(other));
  const auto absent = refusal(inheriting(4, std::string(64, '0')));
  ASSERT_TRUE(absent);
  EXPECT_THAT(absent->message, HasSubstr("super-network"));
}

TEST_F(Supernets, the_weights_of_one_plan_are_no_super_network_to_begin_with) {
  start();
  const std::string file = wire::sha256_hex("tuned"), plan = wire::sha256_hex("plan");
  ASSERT_TRUE(store->commit({{},
                             {SupernetAdded{{.sha256 = file,
                                             .bytes = 9,
                                             .model_sha256 = model,
                                             .statistics_sha256 = wire::sha256_hex("statistics"),
                                             .training_json = wire::training_to_json({}),
                                             .plan_sha256 = plan}}}}));
  const auto refused = refusal(inheriting(4, file));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, ErrorCode::kUnsupported);
  EXPECT_THAT(refused->message,
              HasSubstr("is no super-network: it holds the weights of plan " + plan.substr(0, 10)));
}

TEST_F(Supernets, training_is_refused_where_nobody_trains) {
  start();
  run_to_rest();
  const auto refused = refusal(inheriting(4));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, ErrorCode::kUnsupported);
  EXPECT_THAT(refused->message, HasSubstr("no worker trains"));
  fleet->give(1, std::string(kTraining));
  EXPECT_FALSE(refusal(inheriting(4)));
}

TEST_F(Supernets, a_job_says_that_it_waits_for_somebody_who_trains) {
  start();
  const JobId id = add(inheriting(6));
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kPreparing);
  EXPECT_THAT(why_training_waits(*store, stored(id)).value(), HasSubstr("pare-train"));
  fleet->give(2, std::string(kTraining));
  EXPECT_EQ(why_training_waits(*store, stored(id)).value(), "");
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
}

TEST_F(Supernets, training_that_brought_nothing_leaves_closed_form_and_says_so) {
  fleet->set_twist([](const wire::TaskDocument&, wire::TaskResult& result) {
    auto* training = std::get_if<Training>(&result);
    if (training == nullptr) return;
    for (TrainedKnot& knot : training->knots) knot.kept = false;
  });
  const JobId id = trained(6);
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_THAT(stored(id).reason, HasSubstr("closed form"));
  for (const Trial& trial : trials(id)) {
    EXPECT_EQ(wire::parse_plan(trial.plan_json).value().weights, Weights::kOriginal);
  }
}

TEST_F(Supernets, training_that_fails_fails_the_job_with_the_reason) {
  fleet->set_mishap([](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    if (task.kind() != TaskKind::kTrain) return std::nullopt;
    return wire::TaskFailure{ErrorCode::kUnsupported, "the groups cannot be narrowed"};
  });
  const JobId id = trained(6);
  EXPECT_EQ(stored(id).state, JobState::kFailed);
  EXPECT_THAT(stored(id).reason, HasSubstr("training failed: the groups cannot be narrowed"));
}

TEST_F(Supernets, a_plan_to_begin_with_is_tried_with_the_weights_of_the_job) {
  const JobId first = trained();
  NewJob job = inheriting(8, made);
  for (const Trial& trial : trials(first)) {
    Plan plan = wire::parse_plan(trial.plan_json).value();
    if (!removes_parts(plan)) continue;
    plan.weights = Weights::kOriginal;
    job.begin_with = {StartingPoint{plan, "", {}}};
    break;
  }
  ASSERT_EQ(job.begin_with.size(), 1U);
  const JobId second = add(job);
  run_to_rest();
  ASSERT_EQ(stored(second).state, JobState::kSucceeded) << stored(second).reason;
  Plan expected = *job.begin_with[0].plan;
  expected.weights = Weights::kSupernet;
  EXPECT_EQ(trials(second)[1].plan_json, wire::plan_to_json(expected));
}

TEST_F(Supernets, a_prediction_of_a_plan_with_other_weights_is_about_the_weights_of_the_job) {
  const JobId id = trained(16);
  const auto context = load_context(*store, stored(id)).value();
  const std::vector<Trial> all = trials(id);
  for (const Trial& trial : all) {
    const Plan inherits = wire::parse_plan(trial.plan_json).value();
    if (inherits.weights != Weights::kSupernet) continue;
    Plan plain = inherits, tuned = inherits;
    plain.weights = Weights::kOriginal;
    tuned.weights = Weights::kTuned;
    const std::vector<Plan> plans = {inherits, plain, tuned};
    const auto answers = predict(context, all, plans);
    ASSERT_TRUE(answers) << answers.error().message;
    for (const auto& answer : answers.value()) {
      EXPECT_EQ(answer[0].metrics[0].value.mean, answers.value()[0][0].metrics[0].value.mean);
    }
    EXPECT_EQ(predicted_weights(context, plain), Weights::kSupernet);
    return;
  }
  FAIL() << "no trial inherits";
}

TEST_F(Supernets, a_transfer_between_jobs_of_other_weights_is_refused) {
  const JobId inherits = trained();
  const JobId plain = post(6);
  run_to_rest();
  NewJob job = inheriting(4, made);
  job.transfer = TransferFrom{plain};
  const auto refused = refusal(job);
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->message, HasSubstr("other weights"));
  job.transfer = TransferFrom{inherits};
  EXPECT_FALSE(refusal(job));
}

TEST_F(Supernets, one_is_trained_for_int8_after_that_and_then_all_in_int8_inherits_too) {
  fleet->give(0, std::string(kTraining));
  start();
  NewJob job = inheriting(24);
  job.supernet->int8_minutes = 2;
  const JobId id = add(job);
  run_to_rest();
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  const auto trainings = tasks_of(id, TaskKind::kTrain);
  ASSERT_EQ(trainings.size(), 2U);
  const auto second = wire::parse_task(trainings[1].task.document_json).value();
  EXPECT_TRUE(std::get<wire::TrainParams>(second.params).int8);
  EXPECT_EQ(std::get<wire::TrainParams>(second.params).minutes, 2);
  EXPECT_EQ(second.blobs.at("supernet"), made);
  EXPECT_EQ(stored(id).supernet_sha256, wire::sha256_hex("supernet for int8"));
  int whole_in_int8 = 0;
  for (const Trial& trial : trials(id)) {
    const Plan plan = wire::parse_plan(trial.plan_json).value();
    const bool inherits = !plan.widths.empty() || plan.quantization;
    EXPECT_EQ(plan.weights == Weights::kSupernet, inherits) << trial.plan_json;
    whole_in_int8 += plan.quantization && !removes_parts(plan) ? 1 : 0;
  }
  EXPECT_GT(whole_in_int8, 0);
}

TEST_F(Supernets, none_is_trained_for_int8_where_no_plan_may_be_int8) {
  fleet->give(0, std::string(kTraining));
  start();
  NewJob job = inheriting(4);
  job.supernet->int8_minutes = 2;
  job.space.precisions = {Precision::kFp32};
  const JobId id = add(job);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_EQ(tasks_of(id, TaskKind::kTrain).size(), 1U);
  EXPECT_EQ(stored(id).supernet_sha256, made);
}

TEST(TrainedGuidance, layers_harm_less_in_int8_by_what_came_back_there) {
  Training training;
  training.int8 = TrainedInt8{50, true, 4, 1};
  Guidance guidance;
  guidance.int8_layers = {{"layer", 2}};
  EXPECT_DOUBLE_EQ(with_trained_weights(guidance, training).int8_layers[0].damage, 0.5);
  training.int8->kept = false;
  EXPECT_DOUBLE_EQ(with_trained_weights(guidance, training).int8_layers[0].damage, 2);
}

TEST(TrainedGuidance, blocks_and_kernels_harm_less_where_they_were_in_the_pool) {
  Training training;
  training.knots = {{0.3, true}};
  training.judged = {{0.3, 8, 2}};
  Guidance guidance;
  guidance.blocks = {{{"block"}, {4}, {100}}};
  guidance.kernels = {{"layer", {3}, {4}, {100}}};
  const Guidance of_widths = with_trained_weights(guidance, training);
  EXPECT_EQ(of_widths.blocks, guidance.blocks);
  EXPECT_EQ(of_widths.kernels, guidance.kernels);
  training.parts = true;
  const Guidance of_parts = with_trained_weights(guidance, training);
  EXPECT_DOUBLE_EQ(of_parts.blocks[0].damage[0], 1);
  EXPECT_DOUBLE_EQ(of_parts.kernels[0].damage[0], 1);
}

TEST(PartsToTrain, are_those_that_were_measured_and_that_the_job_may_choose) {
  wire::PrepareResult prepared;
  prepared.guidance.blocks = {{{"block"}, {4}, {100}}};
  prepared.guidance.kernels = {{"layer", {3}, {4}, {100}}};
  Job job;
  job.prepared_json = wire::result_to_json(prepared);
  EXPECT_EQ(parts_to_train(job, {}).value(),
            (PartChoices{prepared.guidance.blocks, prepared.guidance.kernels}));
  SpaceLimits limits;
  limits.depth = false;
  EXPECT_EQ(parts_to_train(job, limits).value(), (PartChoices{{}, prepared.guidance.kernels}));
  limits.kernels = false;
  EXPECT_TRUE(parts_to_train(job, limits).value().empty());
}

TEST(TrainedGuidance, expects_less_damage_the_more_came_back) {
  Training training;
  training.knots = {{0.1, true}, {0.5, true}};
  training.judged = {{0.1, 2, 1}, {0.5, 8, 2}};
  Guidance guidance;
  guidance.allocations = {{0.1, 4, {}}, {0.3, 4, {}}, {0.6, 4, {}}};
  guidance.groups = {{"g", {8}, {4}, {100}}};
  const Guidance scaled = with_trained_weights(guidance, training);
  EXPECT_DOUBLE_EQ(scaled.allocations[0].damage, 2);
  EXPECT_DOUBLE_EQ(scaled.allocations[1].damage, 1.5);
  EXPECT_DOUBLE_EQ(scaled.allocations[2].damage, 1);
  EXPECT_DOUBLE_EQ(scaled.groups[0].damage[0], 1.5);
}

TEST(TrainingResult, what_is_left_of_the_loss_begins_at_all_of_it_and_stays_behind_the_last) {
  Training training;
  training.judged = {{0.1, 2, 1}, {0.5, 8, 2}};
  EXPECT_DOUBLE_EQ(left_of_loss(training, 0), 1);
  EXPECT_DOUBLE_EQ(left_of_loss(training, 0.05), 0.75);
  EXPECT_DOUBLE_EQ(left_of_loss(training, 0.1), 0.5);
  EXPECT_DOUBLE_EQ(left_of_loss(training, 0.3), 0.375);
  EXPECT_DOUBLE_EQ(left_of_loss(training, 0.9), 0.25);
  EXPECT_DOUBLE_EQ(left_of_loss({}, 0.3), 1);
}

}  // namespace
}  // namespace pare::coordinator
