// What every LeaderStore must do.
#pragma once

#include "tests/coordinator/store/store_contract.h"
#include "tests/support/one_by_one.h"

namespace pare::coordinator {

class LeaderContract : public StoreContract {};

TEST_P(LeaderContract, one_leads_and_the_next_may_when_its_lease_is_over) {
  const std::chrono::seconds length(8);
  EXPECT_FALSE(ok(store().leader()).has_value());
  const Leader first = ok(store().lead("one", length, std::nullopt));
  EXPECT_EQ(first.term, 1);
  EXPECT_EQ(first.until, now_ + length);
  pass(std::chrono::seconds(7));
  const auto refused = store().lead("two", length, std::nullopt);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_NE(refused.error().message.find("one"), std::string::npos);
  EXPECT_EQ(ok(store().stay_leader(length)).until, now_ + length);
  pass(std::chrono::seconds(7));
  EXPECT_FALSE(store().lead("two", length, std::nullopt)) << "it was extended";
  pass(std::chrono::seconds(1));
  const Leader second = ok(store().lead("two", length, std::nullopt));
  EXPECT_EQ(second.term, 2);
  EXPECT_EQ(ok(store().leader())->holder, "two");
}

TEST_P(LeaderContract, the_lease_of_the_dead_and_of_one_that_resigned_is_not_waited_for) {
  const std::chrono::seconds length(8);
  ok(store().lead("one", length, std::nullopt));
  EXPECT_FALSE(store().lead("two", length, 7)) << "another term is dead";
  EXPECT_EQ(ok(store().lead("two", length, 1)).term, 2);
  ok(store().resign());
  EXPECT_EQ(ok(store().lead("three", length, std::nullopt)).term, 3);
}

TEST_P(LeaderContract, whoever_leads_works_on) {
  ok(store().lead("one", std::chrono::seconds(8), std::nullopt));
  ok(queue_one(store(), task_of_kind(TaskKind::kBuild)));
  ok(store().greet(kAda, profile("one")));
  EXPECT_TRUE(ok(claim_one(store(), kAda)).has_value());
  pass(std::chrono::seconds(60));
  EXPECT_TRUE(store().renew_all_leases()) << "nobody else led meanwhile";
}

}  // namespace pare::coordinator
