// What every LeaderStore must do.
#pragma once

#include "tests/coordinator/store/queue_contract.h"

namespace pare::coordinator {

class LeaderContract : public QueueContract {};

TEST_P(LeaderContract, one_leads_and_the_next_may_when_its_lease_is_over) {
  const std::chrono::seconds length(8);
  EXPECT_FALSE(ok(lead().leader()).has_value());
  const Leader first = ok(lead().lead("one", length, std::nullopt));
  EXPECT_EQ(first.term, 1);
  EXPECT_EQ(first.until, now_ + length);
  pass(std::chrono::seconds(7));
  const auto refused = lead().lead("two", length, std::nullopt);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_NE(refused.error().message.find("one"), std::string::npos);
  EXPECT_EQ(ok(lead().stay_leader(length)).until, now_ + length);
  pass(std::chrono::seconds(7));
  EXPECT_FALSE(lead().lead("two", length, std::nullopt)) << "it was extended";
  pass(std::chrono::seconds(1));
  const Leader second = ok(lead().lead("two", length, std::nullopt));
  EXPECT_EQ(second.term, 2);
  EXPECT_EQ(ok(lead().leader())->holder, "two");
}

TEST_P(LeaderContract, the_lease_of_the_dead_and_of_one_that_resigned_is_not_waited_for) {
  const std::chrono::seconds length(8);
  ok(lead().lead("one", length, std::nullopt));
  EXPECT_FALSE(lead().lead("two", length, 7)) << "another term is dead";
  EXPECT_EQ(ok(lead().lead("two", length, 1)).term, 2);
  ok(lead().resign());
  EXPECT_EQ(ok(lead().lead("three", length, std::nullopt)).term, 3);
}

TEST_P(LeaderContract, whoever_leads_works_on) {
  ok(lead().lead("one", std::chrono::seconds(8), std::nullopt));
  queue(TaskKind::kBuild);
  ok(store().greet(kAda, profile("one")));
  EXPECT_TRUE(ok(claim_one(store(), kAda)).has_value());
  pass(std::chrono::seconds(60));
  EXPECT_TRUE(store().renew_all_leases()) << "nobody else led meanwhile";
}

}  // namespace pare::coordinator
