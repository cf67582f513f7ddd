#include "coordinator/jobs/fitness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Case {
  NewJob job;
  ModelSummary model;
  Dataset dataset;

  Case() {
    model.card.head = "yolox";
    model.card.classes = {"crack", "dent"};
    dataset.name = "boards";
    dataset.state = EntryState::kReady;
    dataset.counts = {8, 16, 90, true, {"crack", "dent"}, {90, 0}, {}};
  }
  Result<std::vector<std::string>> warnings() const { return warnings_of(job, model, dataset); }
};

TEST(Fitness, what_fits_has_no_warnings) {
  EXPECT_TRUE(Case().warnings().value().empty());
}

TEST(Fitness, classes_spelt_otherwise_or_left_over_are_warnings) {
  Case odd;
  odd.model.card.classes = {"Crack", "short"};
  EXPECT_THAT(odd.warnings().value(),
              ElementsAre(HasSubstr("taken for category \"crack\""), HasSubstr("called \"dent\""),
                          HasSubstr("called \"short\"")));
}

TEST(Fitness, what_could_score_nothing_is_unsupported) {
  Case none;
  none.model.card.classes = {"cat"};
  EXPECT_EQ(none.warnings().error().code, ErrorCode::kUnsupported);
  Case more;
  more.model.card.classes.clear();
  more.model.class_count = 80;
  EXPECT_THAT(more.warnings().error().message, HasSubstr("80 classes and no names"));
  Case empty;
  empty.dataset.counts.boxes = 0;
  EXPECT_THAT(empty.warnings().error().message, HasSubstr("no validation image has a box"));
  Case dent;
  dent.job.objectives = {{MetricKind::kClassMap, "dent"}, {MetricKind::kLatencyMs}};
  EXPECT_THAT(dent.warnings().error().message, HasSubstr("a box to score \"class:dent\""));
}

TEST(Fitness, without_labels_or_a_known_head_there_is_nothing_to_say) {
  Case unlabelled;
  unlabelled.dataset.counts = {8, 16, 0, false, {}, {}, {}};
  EXPECT_TRUE(unlabelled.warnings().value().empty());
  Case raw;
  raw.model.card.head = "raw";
  raw.model.card.classes = {"cat"};
  EXPECT_TRUE(raw.warnings().value().empty());
}

}  // namespace
}  // namespace pare::coordinator
