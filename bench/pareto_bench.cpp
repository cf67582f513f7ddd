// Question: how large may a front grow before the linear scan in insert() costs over 1 ms?
//
// The probe equals the last point, so the scan has to pass every other one: the worst case.
// (A dominated probe would leave on the first comparison and answer nothing.)
#include <benchmark/benchmark.h>

#include <vector>

#include "search/pareto_front.h"

namespace pare::search {
namespace {

void insert_worst_case(benchmark::State& state) {
  const auto size = static_cast<int>(state.range(0));
  ParetoFront front(2);
  for (int i = 0; i < size; ++i) {  // x + y is constant: every point stays on the front
    (void)front.insert({TrialId{i}, {double(i), double(size - i)}});
  }
  const std::vector<double> last = front.points().back().objectives;
  for (auto _ : state) {
    benchmark::DoNotOptimize(front.insert({TrialId{0}, last}));
  }
}
BENCHMARK(insert_worst_case)->Arg(100)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pare::search
