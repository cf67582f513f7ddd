// Ways of preparing images, tried for a job before it searches.
#include "coordinator/jobs/preprocessing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/jobs/job_loop_fixture.h"
#include "wire/preprocessing_json.h"

namespace pare::coordinator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PreprocessingOfAJob : public JobLoopFixture {
 protected:
  void SetUp() override {
    JobLoopFixture::SetUp();
    start();
  }

  PreprocessingTrial found(JobId id) {
    const auto trial = wire::parse_preprocessing_trial(stored(id).preprocessing_json);
    EXPECT_TRUE(trial) << trial.error().message;
    return trial ? trial.value() : PreprocessingTrial{};
  }

  std::vector<Task> trials_of_preprocessing(JobId id) {
    std::vector<Task> all = store->tasks({.job = id, .trial = {}, .state = {}}, {0, 1000}).value();
    std::erase_if(all, [](const Task& t) { return t.task.kind != TaskKind::kInspectModel; });
    return all;
  }

  void answer(const PreprocessingTrial& trial) {
    fleet->set_twist([trial](const wire::TaskDocument& task, wire::TaskResult& result) {
      const auto* inspect = std::get_if<wire::InspectModelParams>(&task.params);
      if (inspect != nullptr && inspect->trial) {
        std::get<ModelSummary>(result).preprocessing_trial = trial;
      }
    });
  }
};

TEST_F(PreprocessingOfAJob, is_tried_with_the_card_of_the_job_before_anything_is_searched) {
  const JobId id = post(5);
  while (stored(id).preprocessing_json.empty()) {
    ASSERT_TRUE(fleet->step() || loop->step().value() > 0);
    ASSERT_TRUE(loop->step());
    ASSERT_EQ(stored(id).trials.asked > 0, !stored(id).preprocessing_json.empty());
  }
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_EQ(found(id), FakeFleet::preprocessing_trial());
  EXPECT_THAT(stored(id).warnings, IsEmpty());
  ASSERT_EQ(trials_of_preprocessing(id).size(), 1U);
  const auto task = wire::parse_task(trials_of_preprocessing(id)[0].task.document_json).value();
  const auto& asked = std::get<wire::InspectModelParams>(task.params);
  const ModelCard card = load_context(*store, stored(id)).value().model.card;
  EXPECT_TRUE(asked.trial);
  EXPECT_EQ(asked.card->preprocessing, card.preprocessing);
  EXPECT_EQ(asked.card->head, card.head);
  EXPECT_EQ(task.blobs.at("dataset"), dataset);
}

TEST_F(PreprocessingOfAJob, warns_of_an_original_that_finds_nothing_before_a_trial_is_spent) {
  PreprocessingTrial nothing;
  nothing.images = 32;
  nothing.tried = {{Preprocessing{}, 0.001, 0.002}};
  nothing.alarms = {"The original finds next to nothing of what is labelled"};
  answer(nothing);
  const JobId id = post(5);
  while (stored(id).trials.asked == 0) {
    ASSERT_TRUE(fleet->step() || loop->step().value() > 0);
    ASSERT_TRUE(loop->step());
  }
  EXPECT_THAT(stored(id).warnings, ElementsAre(nothing.alarms.front()));
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_THAT(stored(id).warnings, ElementsAre(nothing.alarms.front()));
}

TEST_F(PreprocessingOfAJob, is_not_tried_where_the_user_is_certain_of_the_card) {
  NewJob job = wanted({"ov"});
  job.budget.trials = 3;
  job.validation.try_preprocessings = false;
  const JobId id = add(job);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_EQ(stored(id).preprocessing_json, "");
  EXPECT_THAT(trials_of_preprocessing(id), IsEmpty());
}

TEST_F(PreprocessingOfAJob, is_not_tried_without_labels) {
  fleet->set_twist([](const wire::TaskDocument& task, wire::TaskResult& result) {
    if (task.kind() != TaskKind::kInspectDataset) return;
    result = DatasetCounts{32, 64, 0, false, {}};
  });
  const JobId id = post(3);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_THAT(trials_of_preprocessing(id), IsEmpty());
}

TEST_F(PreprocessingOfAJob, that_cannot_be_tried_says_why_and_stops_nothing) {
  fleet->set_mishap([](const wire::TaskDocument& task) -> std::optional<wire::TaskFailure> {
    const auto* inspect = std::get_if<wire::InspectModelParams>(&task.params);
    if (inspect == nullptr || !inspect->trial) return std::nullopt;
    return wire::TaskFailure{ErrorCode::kUnsupported, "labels.json is gone"};
  });
  const JobId id = post(5);
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_THAT(found(id).findings, ElementsAre(HasSubstr("not tried: labels.json is gone")));
  EXPECT_THAT(stored(id).warnings, IsEmpty());
}

// Its row cannot be read; its document can.
TEST_F(PreprocessingOfAJob, of_another_version_is_one_that_failed_and_the_job_goes_on) {
  const JobId id = post(5);
  while (trials_of_preprocessing(id).empty() ||
         trials_of_preprocessing(id)[0].state != TaskState::kSucceeded) {
    const bool waits = !fleet->step() || trials_of_preprocessing(id).empty();
    if (waits) {
      ASSERT_TRUE(loop->step());
    }
  }
  const Task task = trials_of_preprocessing(id)[0];
  ASSERT_FALSE(task.handled);
  shared_database().run("UPDATE task SET kind = 'of_tomorrow' WHERE id = " +
                        std::to_string(task.id.value));
  run_to_rest();
  EXPECT_EQ(stored(id).state, JobState::kSucceeded) << stored(id).reason;
  EXPECT_THAT(found(id).findings, ElementsAre(HasSubstr("\"of_tomorrow\" is not known")));
}

}  // namespace
}  // namespace pare::coordinator
