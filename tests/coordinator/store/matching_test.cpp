#include "coordinator/store/matching.h"

#include <gtest/gtest.h>

namespace pare::coordinator {
namespace {

Claimant worker(std::string session, std::string device, std::vector<std::string> runtimes,
                bool asks = true) {
  return {std::move(session), std::move(device), {"default"}, std::move(runtimes), asks};
}
std::string told(std::span<const Claimant> claimants, const std::vector<Match>& matches) {
  std::string text;
  for (const Match& one : matches) {
    text += claimants[one.claimant].session + std::to_string(one.task.value) + " ";
  }
  return text;
}

TEST(Matching, the_oldest_task_goes_to_the_first_who_asks) {
  const std::vector<Claimant> workers = {worker("a", "one", {"ort"}), worker("b", "two", {"ort"}),
                                         worker("c", "three", {"ort"})};
  const std::vector<WaitingTask> waiting = {{TaskId{3}, false, "", ""},
                                            {TaskId{5}, false, "", "ort"}};
  EXPECT_EQ(told(workers, match(workers, {}, waiting)), "a3 b5 ");
}

TEST(Matching, nobody_gets_what_it_cannot_do_and_others_are_not_held_up) {
  const std::vector<Claimant> workers = {worker("a", "one", {"ort"}), worker("b", "two", {"ncnn"})};
  const std::vector<WaitingTask> waiting = {{TaskId{1}, false, "", "ncnn"},
                                            {TaskId{2}, false, "jetson", ""},
                                            {TaskId{3}, false, "", "ort"}};
  EXPECT_EQ(told(workers, match(workers, {}, waiting)), "a3 b1 ");
}

TEST(Matching, what_needs_a_capability_goes_to_those_who_have_it_and_holds_up_nobody) {
  std::vector<Claimant> workers = {worker("a", "one", {"ort"}), worker("b", "two", {"ort"})};
  workers[1].capabilities = {"train"};
  std::vector<WaitingTask> waiting = {{TaskId{1}, false, "", ""}, {TaskId{2}, false, "", ""}};
  waiting[0].capability = "train";
  EXPECT_EQ(told(workers, match(workers, {}, waiting)), "a2 b1 ");
}

TEST(Matching, one_batch_never_puts_anything_beside_an_exclusive_task) {
  const std::vector<Claimant> workers = {worker("a", "one", {"ort"}), worker("b", "one", {"ort"}),
                                         worker("c", "two", {"ort"})};
  const std::vector<WaitingTask> waiting = {
      {TaskId{1}, false, "", ""}, {TaskId{2}, true, "", ""}, {TaskId{3}, true, "", ""}};
  EXPECT_EQ(told(workers, match(workers, {}, waiting)), "a2 c3 ");
}

TEST(Matching, a_device_drains_for_what_a_neighbour_who_does_not_ask_can_do) {
  const std::vector<Claimant> workers = {worker("a", "one", {"none"}),
                                         worker("b", "one", {"ort"}, false)};
  const std::vector<WaitingTask> waiting = {{TaskId{1}, false, "", ""},
                                            {TaskId{2}, true, "", "ort"}};
  EXPECT_EQ(told(workers, match(workers, {}, waiting)), "");
  EXPECT_EQ(told(workers, match(workers, {{"one", {true, true}}}, waiting)), "");
  const std::vector<Claimant> alone = {workers[0]};
  EXPECT_EQ(told(alone, match(alone, {}, waiting)), "a1 ");
}

TEST(Matching, a_busy_device_takes_more_of_the_same_and_an_exclusive_one_nothing) {
  const std::vector<Claimant> workers = {worker("a", "one", {"ort"})};
  const std::vector<WaitingTask> shared = {{TaskId{1}, false, "", ""}};
  const std::vector<WaitingTask> exclusive = {{TaskId{1}, true, "", ""}};
  EXPECT_EQ(told(workers, match(workers, {{"one", {true, false}}}, shared)), "a1 ");
  EXPECT_EQ(told(workers, match(workers, {{"one", {true, true}}}, shared)), "");
  EXPECT_EQ(told(workers, match(workers, {{"one", {true, false}}}, exclusive)), "");
}

}  // namespace
}  // namespace pare::coordinator
