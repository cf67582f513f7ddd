// What candidates are scored on, by whom, and when somebody else's accuracy will do.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "coordinator/jobs/front.h"
#include "coordinator/jobs/tasks.h"
#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "tests/support/one_by_one.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

using Scoring = JobLoopFixture;

TEST_F(Scoring, scoring_may_stop_against_a_faster_trial_and_keeps_the_candidate_off_fronts) {
  int asked = 0;
  fleet->set_twist([&](const wire::TaskDocument& task, wire::TaskResult& result) {
    auto* scored = std::get_if<Accuracy>(&result);
    if (scored == nullptr) return;
    const int rivals = std::get<wire::EvaluateParams>(task.params).rivals;
    EXPECT_EQ(task.blobs.contains("rival_0"), rivals > 0);
    if (rivals == 0 || task.blobs.at("candidate").front() % 2 == 0) return;
    ++asked;
    scored->images = 16;
    scored->expected = scored->map_50_95;
    scored->map_50_95 = 0.99;  // on those images
  });
  start();
  const JobId id = post(40);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  expect_consistent(id, 40);
  EXPECT_GT(asked, 3);
  const auto context = load_context(*store, stored(id)).value();
  int left_out = 0;
  for (const Trial& trial : trials(id)) {
    const auto& accuracy = trial.on_target.at("ov").accuracy;
    if (!accuracy || !accuracy->expected) continue;
    ++left_out;
    const search::Observation told = observation_of(context, trial);
    EXPECT_EQ(told.targets[0].objectives[0], 1 - *accuracy->expected);
  }
  EXPECT_GT(left_out, 1);
  for (const char* target : {"ov", "ort"}) {
    for (const FrontMember& m :
         front_of(trials(id), target, context.document, context.model).members) {
      EXPECT_EQ(m.images, 64);
    }
  }
}

TEST_F(Scoring, an_accuracy_of_one_class_is_scored_or_said_to_be_missing) {
  fleet->set_twist([](const wire::TaskDocument&, wire::TaskResult& result) {
    auto* scored = std::get_if<Accuracy>(&result);
    if (scored != nullptr) scored->per_class = {{"crack", scored->map_50_95 / 2}, {"dent", -1}};
  });
  start();
  NewJob job = wanted({"ov"});
  job.budget.trials = 10;
  job.objectives = {{MetricKind::kClassMap, "crack"}, {MetricKind::kLatencyMs}};
  const JobId crack = add(job);
  run_to_rest();
  for (const Trial& trial : trials(crack)) {
    const Accuracy& accuracy = *trial.on_target.at("ov").accuracy;
    EXPECT_EQ(accuracy.figures.at("class:crack"), accuracy.map_50_95 / 2);
  }
  job.objectives[0].category = "scratch";
  const JobId scratch = add(job);
  run_to_rest();
  EXPECT_EQ(stored(scratch).reason,
            "dataset \"d\": the job asks about class \"scratch\", which is none of its categories");
  EXPECT_TRUE(trials(scratch).empty()) << "it is said before anything is prepared";
  job.objectives[0].category = "dent";
  const JobId dent = add(job);
  run_to_rest();
  EXPECT_EQ(stored(dent).reason,
            "the original itself failed: evaluating on executor failed: no validation image has a "
            "box to score \"class:dent\" against");
}

TEST_F(Scoring, fp32_plans_are_scored_once_and_int8_plans_once_per_runtime) {
  start();
  const JobId id = post(30);
  run_to_rest();
  std::set<std::string> distinct(fleet->evaluated().begin(), fleet->evaluated().end());
  EXPECT_EQ(distinct.size(), fleet->evaluated().size());
  std::size_t expected = 0;
  for (const Trial& trial : trials(id)) {
    expected += wire::parse_plan(trial.plan_json).value().quantization ? 2U : 1U;
  }
  EXPECT_EQ(fleet->evaluated().size(), expected);
}

TEST_F(Scoring, a_second_job_on_the_same_files_pays_for_no_accuracy_again) {
  start();
  const JobId first = post(15, "random");
  run_to_rest();
  const int paid = fleet->evaluations();
  const JobId second = post(15, "random");
  run_to_rest();
  EXPECT_EQ(fleet->evaluations(), paid);
  ASSERT_EQ(trials(second).size(), 15U);
  for (std::size_t i = 0; i < 15; ++i) {
    EXPECT_EQ(trials(second)[i].plan_sha256, trials(first)[i].plan_sha256);
    EXPECT_EQ(trials(second)[i].on_target.at("ov").accuracy->map_50_95,
              trials(first)[i].on_target.at("ov").accuracy->map_50_95);
  }
}

// The same bytes of candidates from a model that reads other classes out of them.
TEST_F(Scoring, an_accuracy_of_another_card_is_not_this_ones) {
  start();
  post(15, "random");
  run_to_rest();
  const int paid = fleet->evaluations();
  fleet->set_twist([](const wire::TaskDocument&, wire::TaskResult& result) {
    if (auto* summary = std::get_if<ModelSummary>(&result))
      summary->card.classes = {"Crack", "Dent"};
    if (auto* scored = std::get_if<Accuracy>(&result)) scored->map_50_95 = 0.01;
  });
  const std::string other(64, 'e');
  add_model("other", other);
  NewJob job = wanted({"ov", "ort"});
  job.budget.trials = 15;
  job.strategy = "random";
  const auto added = store->add_job({wire::job_to_json(job), other, dataset, job.targets, 1}, {});
  ASSERT_TRUE(added.has_value());
  run_to_rest();
  EXPECT_EQ(fleet->evaluations(), 2 * paid);
  for (const Trial& trial : trials(added.value().value.id)) {
    EXPECT_EQ(trial.on_target.at("ov").accuracy->map_50_95, 0.01) << trial.number;
  }
  EXPECT_EQ(stored(added.value().value.id).warnings.size(), 2U) << "both are spelt otherwise";
}

TEST_F(Scoring, a_job_of_which_no_class_can_be_scored_ends_before_it_prepares) {
  fleet->set_twist([](const wire::TaskDocument&, wire::TaskResult& result) {
    auto* summary = std::get_if<ModelSummary>(&result);
    if (summary != nullptr) summary->card.classes = {"defect crack", "defect dent"};
  });
  start();
  const JobId id = post(5);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kFailed);
  EXPECT_TRUE(stored(id).reason.starts_with("dataset \"d\": no class of the model is a category"))
      << stored(id).reason;
  const std::vector<Task> all = store->tasks({.job = id, .trial = {}, .state = {}}, {}).value();
  for (const Task& task : all) {
    ADD_FAILURE() << "a task for it: " << name_of(task.task.kind);
  }
}

TEST_F(Scoring, an_accuracy_by_another_version_other_rules_or_another_processor_is_paid_again) {
  start();
  post(6, "random");
  run_to_rest();
  const int paid = fleet->evaluations();
  fleet->upgrade("2", "rules");
  post(6, "random");
  run_to_rest();
  const int fp32 = fleet->evaluations() - paid;
  EXPECT_GT(fp32, 0) << "the executor is another one";
  EXPECT_LT(fp32, paid) << "the runtimes are not";
  fleet->upgrade("2", "other rules");
  post(6, "random");
  run_to_rest();
  EXPECT_EQ(fleet->evaluations(), 2 * paid + fp32);
  for (int i = 0; i < 3; ++i) fleet->move_to(i, "a new processor");
  post(6, "random");
  run_to_rest();
  EXPECT_EQ(fleet->evaluations(), 3 * paid + fp32);
  post(6, "random");
  run_to_rest();
  EXPECT_EQ(fleet->evaluations(), 3 * paid + fp32) << "nothing has changed";
}

TEST_F(Scoring, int8_is_scored_on_the_kind_of_processor_where_its_latency_was_measured) {
  fleet->move_to(1, "another processor");
  fleet->move_to(2, "a third one");
  start();
  const JobId id = post(30);
  run_to_rest();
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  std::set<std::string> processors;
  for (const Trial& trial : trials(id)) {
    if (!wire::parse_plan(trial.plan_json).value().quantization) continue;
    for (const auto& [target, record] : trial.on_target) {
      EXPECT_EQ(record.accuracy->processor, record.latency->processor)
          << trial.number << " " << target;
      processors.insert(record.accuracy->processor);
    }
  }
  EXPECT_EQ(processors.size(), 3U);
}

TEST_F(Scoring, int8_that_answers_otherwise_where_it_was_timed_raises_an_alarm) {
  fleet->set_twist([&](const wire::TaskDocument& task, wire::TaskResult& result) {
    const bool odd =
        task.blobs.contains("candidate") && FakeFleet::share(task.blobs.at("candidate")) > 0.5;
    if (auto* scored = std::get_if<Accuracy>(&result)) {
      const int images = std::get<wire::EvaluateParams>(task.params).fingerprint_images;
      if (images > 0) scored->fingerprint = {{"boxes", {1, 2, 3}}};
    } else if (auto* timed = std::get_if<Measurement>(&result)) {
      const int images = std::get<wire::BenchmarkParams>(task.params).fingerprint_images;
      if (images > 0) timed->fingerprint = {{"boxes", {odd ? 2.0 : 1.0, 2, 3}}};
    }
  });
  start();
  const JobId id = post(30);
  run_to_rest();
  ASSERT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  std::set<bool> seen;
  for (const Trial& trial : trials(id)) {
    const bool int8 = wire::parse_plan(trial.plan_json).value().quantization.has_value();
    const bool odd = int8 && FakeFleet::share(trial.candidate_sha256) > 0.5;
    if (int8) seen.insert(odd);
    for (const auto& [target, record] : trial.on_target) {
      if (!record.accuracy) continue;
      EXPECT_EQ(!record.accuracy->alarm.empty(), odd) << trial.number << " " << target;
    }
  }
  EXPECT_EQ(seen.size(), 2U) << "of both kinds there are some";
}

TEST_F(Scoring, a_search_does_not_go_by_the_images_that_are_held_back) {
  const auto log_with = [&](double shift) {
    fill();
    fleet->set_twist([&](const wire::TaskDocument& task, wire::TaskResult& result) {
      auto* score = std::get_if<Accuracy>(&result);
      if (score == nullptr) return;
      EXPECT_EQ(std::get<wire::EvaluateParams>(task.params).held_back, 0.5);
      score->held_back = {score->map_50_95 * shift, 32, {}};
    });
    start();
    NewJob job = wanted({"ov"});
    job.budget.trials = 15;
    job.validation.held_back = 0.5;
    const JobId id = add(job);
    run_to_rest();
    EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
    std::string log;
    const std::vector<SearchLogEntry> entries = store->search_log(id).value();
    for (const SearchLogEntry& entry : entries) log += entry.payload_json;
    return std::pair(log, views->read(id).value().found->fronts.at(0));
  };
  const auto [log, front] = log_with(0.9);
  EXPECT_EQ(log, log_with(0.1).first);
  ASSERT_TRUE(front.fastest);
  EXPECT_EQ(front.fastest->images, 32);
  ASSERT_TRUE(front.fastest->held_back && front.fastest->held_back->map_lost);
  EXPECT_NEAR(*front.fastest->held_back->map_lost, 0.9 * front.fastest->map_lost, 1e-9);
  EXPECT_EQ(front.note, "") << "it was checked";
}

TEST_F(Scoring, an_accuracy_on_other_images_is_paid_for_again) {
  start();
  NewJob job = wanted({"ov"});
  job.budget.trials = 5;
  job.strategy = "nsga2";
  add(job);
  run_to_rest();
  const int once = fleet->evaluations();
  add(job);
  run_to_rest();
  EXPECT_EQ(fleet->evaluations(), once);
  job.validation.held_back = 0.25;
  add(job);
  run_to_rest();
  EXPECT_EQ(fleet->evaluations(), 2 * once);
}

TEST_F(Scoring, half_of_enough_labelled_images_are_held_back_unless_the_job_says_otherwise) {
  NewJob job;
  DatasetCounts counts;
  counts.labelled = true;
  counts.validation_images = 199;
  EXPECT_EQ(held_back_of(job, counts), 0);
  counts.validation_images = 200;
  EXPECT_EQ(held_back_of(job, counts), 0.5);
  job.validation.held_back = 0.2;
  EXPECT_EQ(held_back_of(job, counts), 0.2);
  job.validation.held_back = 0;
  EXPECT_EQ(held_back_of(job, counts), 0);
  job.validation.held_back.reset();
  counts.labelled = false;
  EXPECT_EQ(held_back_of(job, counts), 0);
}

TEST_F(Scoring, a_comparison_of_plans_that_images_checked_goes_by_these) {
  start();
  NewJob job = wanted({"ov"});
  job.budget.trials = 5;
  job.validation.held_back = 0.25;
  const JobId id = add(job);
  run_to_rest();
  const auto context = load_context(*store, stored(id)).value();
  const std::vector<Trial> all = trials(id);
  const auto task = compare_task(stored(id), context.model.card, context.labels, context.targets[0],
                                 all[0], all[0], {id, "ov", "a", "b"});
  ASSERT_TRUE(task.has_value()) << task.error().message;
  const auto document = wire::parse_task(task.value().document_json).value();
  EXPECT_EQ(std::get<wire::CompareParams>(document.params).held_back, 0.25);
}

// The documents of the evaluations, as they are answered.
std::vector<wire::TaskDocument> watch_evaluations(FakeFleet& fleet,
                                                  const std::function<void()>& run, bool labelled,
                                                  const std::string& head) {
  std::vector<wire::TaskDocument> seen;
  fleet.set_twist([&](const wire::TaskDocument& task, wire::TaskResult& result) {
    if (task.kind() == TaskKind::kEvaluate) seen.push_back(task);
    if (auto* dataset = std::get_if<DatasetCounts>(&result)) dataset->labelled = labelled;
    auto* model = std::get_if<ModelSummary>(&result);
    if (model == nullptr) return;
    model->card.head = head;
    if (head == kRawHead) model->stride = 0;
  });
  run();
  fleet.set_twist({});
  return seen;
}

TEST_F(Scoring, without_labels_every_candidate_is_scored_against_the_original_at_its_own_size) {
  start();
  const JobId id = post(15);
  const auto seen = watch_evaluations(
      *fleet, [&] { run_to_rest(); }, false, "yolox");
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  const auto context = load_context(*store, stored(id)).value();
  EXPECT_EQ(context.labels, LabelSource::kTeacher);
  ASSERT_FALSE(seen.empty());
  for (const wire::TaskDocument& task : seen) {
    EXPECT_EQ(task.blobs.at("model"), model);
    EXPECT_EQ(std::get<wire::EvaluateParams>(task.params).teacher,
              (wire::Size{context.model.card.height, context.model.card.width}));
  }
  const std::vector<Trial> all = trials(id);
  const wire::NewComparison wanted{id, "ov", all[0].plan_sha256, all[1].plan_sha256};
  const auto task = compare_task(stored(id), context.model.card, context.labels, context.targets[0],
                                 all[0], all[1], wanted);
  ASSERT_TRUE(task.has_value()) << task.error().message;
  const auto document = wire::parse_task(task.value().document_json).value();
  EXPECT_EQ(document.blobs.at("model"), model);
  EXPECT_TRUE(std::get<wire::CompareParams>(document.params).teacher);
}

TEST_F(Scoring, with_labels_no_teacher_is_asked) {
  start();
  post(15);
  const auto seen = watch_evaluations(
      *fleet, [&] { run_to_rest(); }, true, "yolox");
  ASSERT_FALSE(seen.empty());
  for (const wire::TaskDocument& task : seen) {
    EXPECT_FALSE(task.blobs.contains("model"));
    EXPECT_FALSE(std::get<wire::EvaluateParams>(task.params).teacher);
  }
}

TEST_F(Scoring, a_raw_head_is_scored_against_the_original_even_with_labels_and_keeps_its_size) {
  start();
  const JobId id = post(15);
  const auto seen = watch_evaluations(
      *fleet, [&] { run_to_rest(); }, true, std::string(kRawHead));
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  const auto context = load_context(*store, stored(id)).value();
  EXPECT_EQ(context.labels, LabelSource::kRawOutputs);
  EXPECT_EQ(context.space.preparation().sizes.size(), 1U);
  ASSERT_FALSE(seen.empty());
  for (const wire::TaskDocument& task : seen) EXPECT_EQ(task.blobs.at("model"), model);
}

}  // namespace
}  // namespace pare::coordinator
