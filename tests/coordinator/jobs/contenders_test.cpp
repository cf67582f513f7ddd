#include "coordinator/jobs/contenders.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/coordinator/jobs/made_records.h"
#include "tests/search/small_detector.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

const ModelSummary kModel = search::small_detector(10);

// A job's trials as they come and change: measured on two targets, in any order, some of them
// infeasible or scored on some images only, the ones on a front confirmed in the end.
class History {
 public:
  explicit History(unsigned seed) : rng_(seed) {
    job_.targets = {"a", "b"};
    if (seed % 3 == 1) job_.constraints = {{{MetricKind::kMap5095}, {}, 0.2, "b"}};
    if (seed % 3 == 2) job_.objectives.push_back({MetricKind::kBytes});
    if (seed % 4 == 3) job_.across = Across::kWorst;
  }

  const NewJob& job() const { return job_; }
  const std::vector<Trial>& all() const { return all_; }
  Trial& at(int number) { return all_[static_cast<std::size_t>(number - 1)]; }

  Trial& next() {
    Trial& trial = all_.emplace_back();
    trial.number = static_cast<int>(all_.size());
    Plan plan;
    plan.height = plan.width = trial.number == 1 ? 416 : 320;
    if (trial.number > 1) plan.widths["group" + std::to_string(trial.number)] = 8;
    trial.plan_json = wire::plan_to_json(plan);
    trial.plan_sha256 = wire::plan_sha256(plan);
    trial.bytes = 1000 + static_cast<int>(1000 * share());
    const double map = 0.1 + 0.3 * share();
    for (const std::string& target : job_.targets) {
      TargetRecord& record = trial.on_target[target];
      if (share() < 0.1) record.infeasible = "so it is";
      record.latency = timed(2 + 20 * map * share(), 0.01);
      record.accuracy = scored(map, 64, "d" + std::to_string(trial.number));
      for (std::size_t i = 0; i < kDraws; ++i) {
        record.accuracy->draws.push_back(map + 0.02 * (share() - 0.5));
      }
      if (share() < 0.1) record.accuracy->expected = map;
    }
    return trial;
  }

  Trial& confirm(int number, const std::string& target) {
    TargetRecord& record = at(number).on_target.at(target);
    record.confirmed = timed(record.latency->median.count() * (0.9 + 0.6 * share()), 0.01);
    return at(number);
  }

 private:
  double share() { return std::uniform_real_distribution<>(0, 1)(rng_); }

  std::mt19937 rng_;
  NewJob job_;
  std::vector<Trial> all_;
};

void take(Contenders& contenders, const History& history, const Trial& trial) {
  contenders.take(trial);
  for (auto lost = contenders.take_lost(); !lost.empty(); lost = contenders.take_lost()) {
    for (const int number : lost) {
      contenders.take(history.all()[static_cast<std::size_t>(number - 1)]);
    }
  }
}

void expect_equal(const TargetFront& a, const TargetFront& b) {
  ASSERT_EQ(a.members.size(), b.members.size());
  for (std::size_t i = 0; i < a.members.size(); ++i) {
    EXPECT_EQ(a.members[i].trial, b.members[i].trial);
    EXPECT_EQ(a.members[i].on_front, b.members[i].on_front);
    EXPECT_EQ(a.members[i].latency.median, b.members[i].latency.median);
    EXPECT_EQ(a.members[i].map_lost, b.members[i].map_lost);
  }
  EXPECT_NEAR(a.hypervolume, b.hypervolume, 1e-12);
  EXPECT_EQ(a.original.has_value(), b.original.has_value());
  EXPECT_EQ(a.fastest.has_value(), b.fastest.has_value());
}

void expect_same_fronts(const Contenders& contenders, const History& history) {
  const std::vector<Trial> few = contenders.trials();
  for (const std::string& target : history.job().targets) {
    SCOPED_TRACE(target);
    expect_equal(front_of(few, target, history.job(), kModel),
                 front_of(history.all(), target, history.job(), kModel));
  }
  expect_equal(front_across(few, history.job(), kModel),
               front_across(history.all(), history.job(), kModel));
}

TEST(Contenders, fronts_of_the_contenders_are_those_of_all_trials_whatever_changes) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    Contenders contenders(history.job());
    for (int i = 0; i < 150; ++i) take(contenders, history, history.next());
    expect_same_fronts(contenders, history);
    for (int round = 0; round < 3; ++round) {
      for (const std::string& target : history.job().targets) {
        const auto front = front_of(history.all(), target, history.job(), kModel);
        for (const FrontMember& member : front.members) {
          take(contenders, history, history.confirm(member.trial, target));
        }
        expect_same_fronts(contenders, history);
      }
    }
  }
}

TEST(Contenders, are_few_among_many_trials) {
  History history(4);
  Contenders contenders(history.job());
  for (int i = 0; i < 3000; ++i) take(contenders, history, history.next());
  EXPECT_LT(contenders.kept(), 600U);
  EXPECT_LT(contenders.trials().size(), 300U);
}

}  // namespace
}  // namespace pare::coordinator
