#include "worker/task/pinning.h"

#include <gtest/gtest.h>

namespace pare::worker {
namespace {

using Cores = std::vector<int>;

wire::TaskDocument benchmark(int threads) {
  wire::TaskDocument task;
  wire::BenchmarkParams params;
  params.threads = threads;
  task.params = params;
  return task;
}

// Cores 0 to n-1; `siblings` neighbours share a physical one.
std::vector<host::Core> machine(int n, int siblings = 1) {
  std::vector<host::Core> cores;
  for (int i = 0; i < n; ++i) cores.push_back({i, i / siblings * siblings});
  return cores;
}

Cores chosen_for(const wire::TaskDocument& task, const Cores& allowed,
                 const std::vector<host::Core>& usable) {
  const auto cores = cores_for(task, allowed, usable);
  return cores ? cores.value() : Cores{-1};
}

TEST(CoresFor, a_measurement_gets_as_many_cores_as_threads_and_leaves_the_first_ones) {
  EXPECT_EQ(chosen_for(benchmark(1), {}, machine(2)), (Cores{1}));
  EXPECT_EQ(chosen_for(benchmark(2), {}, machine(4)), (Cores{2, 3}));
  EXPECT_EQ(chosen_for(benchmark(3), {}, machine(4)), (Cores{1, 2, 3}));
}

TEST(CoresFor, where_there_are_just_as_many_it_gets_all) {
  EXPECT_EQ(chosen_for(benchmark(2), {}, machine(2)), Cores{});
  EXPECT_EQ(chosen_for(benchmark(2), {0, 1}, machine(8)), (Cores{0, 1}));
  EXPECT_EQ(chosen_for(benchmark(1), {}, {}), Cores{});
}

TEST(CoresFor, more_threads_than_cores_are_refused_with_both_numbers) {
  for (const auto& [allowed, machines] : {std::pair(Cores{}, 2), std::pair(Cores{0, 1}, 64)}) {
    const auto cores = cores_for(benchmark(64), allowed, machine(machines));
    ASSERT_FALSE(cores);
    EXPECT_EQ(cores.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(cores.error().message, "64 threads are asked for, and this worker has 2 cores");
  }
}

TEST(CoresFor, it_keeps_to_the_cores_of_the_worker) {
  EXPECT_EQ(chosen_for(benchmark(1), {2, 4}, machine(8)), (Cores{4}));
  EXPECT_EQ(chosen_for(benchmark(1), {0, 1, 9}, machine(4)), (Cores{1})) << "9 is not usable";
}

TEST(CoresFor, threads_share_a_physical_core_only_where_they_must) {
  EXPECT_EQ(chosen_for(benchmark(2), {}, machine(8, 2)), (Cores{5, 7}));
  EXPECT_EQ(chosen_for(benchmark(3), {}, machine(4, 2)), (Cores{1, 2, 3}));
}

TEST(CoresFor, a_task_that_shares_its_device_gets_all_cores_of_the_worker) {
  wire::TaskDocument build;
  build.params = wire::BuildParams{};
  EXPECT_EQ(chosen_for(build, {2, 3}, machine(8)), (Cores{2, 3}));
  EXPECT_EQ(chosen_for(build, {}, machine(8)), Cores{});
}

TEST(CoresFor, a_reality_check_is_pinned_as_a_benchmark_is) {
  wire::TaskDocument check;
  check.params = wire::CheckParams{"onnxruntime", 1, true, 40};
  EXPECT_EQ(chosen_for(check, {}, machine(4)), (Cores{3}));
}

}  // namespace
}  // namespace pare::worker
