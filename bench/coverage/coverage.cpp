// How often do the intervals that Pare reports hold?  `coverage_bench [EXPERIMENTS]`, 2,000
// without: whole procedures on made-up experiments whose truth is known (tests/simulation).  A
// share of 2,000 has a standard error of half a point.
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

#include "tests/simulation/ab_experiments.h"
#include "tests/simulation/map_experiments.h"

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

void print_one(int images, const char* what, const pare::simulation::Coverage& found) {
  std::printf("%6d  %-10s %6.1f %% %14.1f %% %11.1f %% %13.2f points\n", images, what,
              100 * found.held, 100 * found.below, 100 * found.above, 100 * found.half_width);
}

void print_map(const char* whose, const pare::simulation::Population& population, int many,
               int experiments) {
  const auto truth = pare::simulation::map_truth(population, many);
  std::printf("\n%s: true mAP %.2f, true loss of the other %.2f points, 95 %% intervals\n", whose,
              100 * truth.map, 100 * truth.loss);
  std::printf("images  interval     held    truth below it    above it     half width\n");
  for (const int images : {48, 128, 256}) {
    const auto found = pare::simulation::map_coverage(population, truth, images, experiments, 1000);
    print_one(images, "mAP", found.map);
    print_one(images, "loss", found.loss);
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
  print_map("6 classes alike in number", {}, 200'000, experiments);
  print_map("80 classes, most of them rare",
            {.classes = 80, .objects = 7, .rarity = 1, .false_alarms = 7}, 100'000,
            experiments / 4);
  return 0;
}
