#include "tests/simulation/map_experiments.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "core/check.h"
#include "core/half_samples.h"
#include "engine/detect/coco_map.h"
#include "engine/detect/half_samples.h"

namespace pare::simulation {
namespace {

using engine::CocoEvaluation;
using engine::Detection;
using engine::ImageDetections;
using engine::ImageGroundTruth;

constexpr double kSide = 80;    // of a box, in pixels
constexpr double kApart = 200;  // boxes do not overlap by chance
constexpr double kSkill[] = {0.6, 0.45};
constexpr double kAlpha = 0.05;

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

struct Sample {
  std::vector<ImageGroundTruth> truth;
  std::vector<ImageDetections> found[2];
};

class Process {
 public:
  Process(const Population& population, std::uint64_t seed)
      : population_(population), random_(seed) {
    std::vector<double> shares;
    for (int c = 0; c < population.classes; ++c) {
      shares.push_back(std::pow(c + 1, -population.rarity));
    }
    category_ = std::discrete_distribution<int>(shares.begin(), shares.end());
  }

  void add_image(std::int64_t id, Sample& to) {
    ImageGroundTruth truth{id, {}};
    ImageDetections found[2] = {{id, {}}, {id, {}}};
    const double hard = 0.6 * normal();
    const int usual = category_(random_);
    const auto category = [&] { return uniform() < 0.5 ? usual : category_(random_); };
    double x = 0;
    for (int left = count(population_.objects * std::exp(0.5 * normal() - 0.125)); left > 0;
         --left) {
      x += kApart;
      const int c = category();
      truth.boxes.push_back({{x, 0, kSide, kSide}, kSide * kSide, false, c});
      const double difficulty = 0.8 * (hard + normal());
      for (int d = 0; d < 2; ++d) look_for(x, c, difficulty, kSkill[d], found[d]);
    }
    for (int left = count(population_.false_alarms); left > 0; --left) {
      x += kApart;
      const int c = category();
      const double score = -1 + 0.9 * normal() + 0.3 * hard;
      for (ImageDetections& one : found) {
        if (uniform() >= 0.8) continue;
        one.detections.push_back({{x, 0, kSide, kSide}, logistic(score + 0.3 * normal()), c});
      }
    }
    to.truth.push_back(std::move(truth));
    for (int d = 0; d < 2; ++d) {
      std::ranges::stable_sort(found[d].detections, std::greater{}, &Detection::score);
      to.found[d].push_back(std::move(found[d]));
    }
  }

 private:
  double normal() { return normal_(random_); }
  double uniform() { return uniform_(random_); }
  int count(double mean) { return std::poisson_distribution<int>(mean)(random_); }

  void look_for(double x, int category, double difficulty, double skill, ImageDetections& to) {
    const double here = difficulty + 0.6 * normal();
    const double sureness = skill - here;
    if (sureness < -1.2) return;
    const double lost = std::abs(0.10 + 0.10 * std::max(0.0, here + 1) + 0.05 * normal());
    const double kept = 1 - std::min(lost, 0.9);  // overlap over union
    const double shift = kSide * (1 - kept) / (1 + kept);
    to.detections.push_back(
        {{x + shift, 0, kSide, kSide}, logistic(sureness + 0.3 * normal()), category});
  }

  Population population_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
  std::discrete_distribution<int> category_;
};

struct Scored {
  double map[2] = {0, 0};
  std::vector<double> draws[2];
};

Scored score(const Population& population, int images, bool with_draws, std::uint64_t seed) {
  Process process(population, seed);
  Sample sample;
  for (int i = 0; i < images; ++i) process.add_image(i, sample);
  Scored out;
  for (int d = 0; d < 2; ++d) {
    const auto made = CocoEvaluation::make(sample.truth, sample.found[d], population.classes);
    PARE_CHECK(made.has_value(), "made-up detections are well formed");
    const std::vector<int> once(sample.truth.size(), 1);
    out.map[d] =
        engine::mean_of_present(made.value().average_precisions(once, engine::AreaRange::kAll));
    if (with_draws) out.draws[d] = engine::levelled_half_sample_draws(made.value(), {}).value();
  }
  return out;
}

void count(const std::optional<ConfidenceInterval>& interval, double truth, int experiments,
           Coverage& to) {
  PARE_CHECK(interval.has_value(), "there are images enough");
  const double one = 1.0 / experiments;
  to.below += truth < interval->low ? one : 0;
  to.above += truth > interval->high ? one : 0;
  to.held += interval->low <= truth && truth <= interval->high ? one : 0;
  to.half_width += (interval->high - interval->low) / 2 * one;
}

}  // namespace

MapTruth map_truth(const Population& population, int images) {
  const Scored all = score(population, images, false, 424242);
  return {all.map[0], all.map[0] - all.map[1]};
}

MapCoverage map_coverage(const Population& population, const MapTruth& truth, int images,
                         int experiments, std::uint64_t seed) {
  MapCoverage out;
  for (int i = 0; i < experiments; ++i) {
    const Scored one = score(population, images, true, seed + static_cast<std::uint64_t>(i));
    count(interval_of(one.map[0], one.draws[0], kAlpha), truth.map, experiments, out.map);
    count(interval_of_difference(one.map[0] - one.map[1], one.draws[1], one.draws[0], kAlpha),
          truth.loss, experiments, out.loss);
  }
  return out;
}

}  // namespace pare::simulation
