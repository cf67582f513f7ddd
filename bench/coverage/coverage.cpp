// How often do the intervals that Pare reports hold?  `coverage_bench [EXPERIMENTS]`, 2,000
// without: whole procedures on made-up experiments whose truth is known (tests/simulation).  A
// share of 2,000 has a standard error of half a point.
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

#include "tests/simulation/ab_experiments.h"

namespace {

void print_ab(int experiments) {
  std::printf("A/B, 95 %% sequence, noise of 2 %% a block, at most 60 blocks, a look after each\n");
  std::printf(
      "correlation   held at every look   held at its end (5 %% faster)   blocks until then\n");
  for (const double correlation : {0.0, 0.3, 0.6, 0.8}) {
    const auto found = pare::simulation::ab_coverage(correlation, experiments, 1);
    std::printf("%11.1f %19.1f %% %29.1f %% %19.1f\n", correlation, 100 * found.at_every_look,
                100 * found.at_its_end, found.mean_blocks);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int experiments = argc > 1 ? std::atoi(argv[1]) : 2000;
  if (experiments < 1) {
    std::fprintf(stderr, "usage: coverage_bench [EXPERIMENTS], at least 1\n");
    return 2;
  }
  print_ab(experiments);
  return 0;
}
