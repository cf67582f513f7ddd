#include "engine/detect/half_samples.h"

#include <functional>
#include <numeric>
#include <random>
#include <string>

#include "core/half_samples.h"

namespace pare::engine {
namespace {

constexpr double kFoundAp = 0.01;
constexpr double kLostShare = 0.1;
constexpr double kNothing = -1;

Error bad(const std::string& what) {
  return {ErrorCode::kInvalidArgument, "half samples: " + what};
}

Result<std::monostate> check(const HalfSampling& options) {
  if (options.pairs < 1) return bad("pairs " + std::to_string(options.pairs));
  return std::monostate{};
}

Result<std::monostate> check(const CocoEvaluation& model, const HalfSampling& options) {
  if (auto checked = check(options); !checked) return checked;
  const std::vector<int> once(model.image_ids().size(), 1);
  if (mean_of_present(model.average_precisions(once, AreaRange::kAll)) == kNothing) {
    return bad("none of " + std::to_string(once.size()) + " images has ground truth");
  }
  return std::monostate{};
}

// Gives the images of each half, as weights of 0 and 1.  Fisher and Yates by hand: the standard
// library's shuffle differs from one to the next.
void for_each_half(std::size_t images, const HalfSampling& options,
                   const std::function<void(const std::vector<int>&)>& use) {
  if (images < 2) return;
  std::mt19937_64 random(options.seed);
  std::vector<std::size_t> order(images);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (int pair = 0; pair < options.pairs; ++pair) {
    for (std::size_t i = images; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    for (const int half : {0, 1}) {
      std::vector<int> weights(images, half);
      for (std::size_t i = 0; i < images / 2; ++i) weights[order[i]] = 1 - half;
      use(weights);
    }
  }
}

// The same figure of two models, and on the halves.
struct Pair {
  double a = kNothing;
  double b = kNothing;
  std::vector<double> draws_a = {};
  std::vector<double> draws_b = {};

  Interval interval(double alpha) const {
    if (a == kNothing || b == kNothing) return {};
    const auto found = interval_of_difference(b - a, draws_a, draws_b, alpha);
    if (!found) return {b - a};
    return {b - a, found->low, found->high, true};
  }
};

std::vector<int> lost(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<int> classes;
  for (std::size_t c = 0; c < a.size(); ++c) {
    if (a[c] >= kFoundAp && b[c] < kLostShare * a[c]) classes.push_back(static_cast<int>(c));
  }
  return classes;
}

}  // namespace

Result<std::vector<double>> half_sample_draws(const CocoEvaluation& model,
                                              const HalfSampling& options) {
  const auto checked = check(model, options);
  if (!checked) return checked.error();
  std::vector<double> draws;
  for_each_half(model.image_ids().size(), options, [&](const std::vector<int>& weights) {
    draws.push_back(mean_of_present(model.average_precisions(weights, AreaRange::kAll)));
  });
  return draws;
}

Result<PairedIntervals> paired_intervals(const CocoEvaluation& a, const CocoEvaluation& b,
                                         double alpha, const HalfSampling& options) {
  const auto checked = check(a, options);
  if (!checked) return checked.error();
  if (a.image_ids() != b.image_ids() || a.categories() != b.categories()) {
    return bad("A has " + std::to_string(a.image_ids().size()) + " images and " +
               std::to_string(a.categories()) + " categories, B " +
               std::to_string(b.image_ids().size()) + " and " + std::to_string(b.categories()) +
               ", and they must be the same ones");
  }
  const std::size_t images = a.image_ids().size();
  std::array<Pair, kAreaRanges> by_area;
  std::vector<Pair> by_class(static_cast<std::size_t>(a.categories()));
  PairedIntervals made{.images = static_cast<int>(images)};
  const auto score = [&](const std::vector<int>& weights, bool whole) {
    const auto put = [whole](double of_a, double of_b, Pair& to) {
      if (whole) {
        to.a = of_a;
        to.b = of_b;
      } else {
        to.draws_a.push_back(of_a);
        to.draws_b.push_back(of_b);
      }
    };
    for (std::size_t area = 0; area < kAreaRanges; ++area) {
      const auto of_a = a.average_precisions(weights, static_cast<AreaRange>(area));
      const auto of_b = b.average_precisions(weights, static_cast<AreaRange>(area));
      put(mean_of_present(of_a), mean_of_present(of_b), by_area[area]);
      if (area != static_cast<std::size_t>(AreaRange::kAll)) continue;
      for (std::size_t c = 0; c < of_a.size(); ++c) put(of_a[c], of_b[c], by_class[c]);
      if (whole) made.lost_classes = lost(of_a, of_b);
    }
  };
  score(std::vector<int>(images, 1), true);
  for_each_half(images, options, [&](const std::vector<int>& weights) { score(weights, false); });
  for (std::size_t area = 0; area < kAreaRanges; ++area) {
    made.by_area[area] = by_area[area].interval(alpha);
  }
  for (const Pair& pair : by_class) made.by_class.push_back(pair.interval(alpha));
  return made;
}

Result<std::vector<double>> half_sample_means(std::span<const double> values,
                                              const HalfSampling& options) {
  if (auto checked = check(options); !checked) return checked.error();
  if (values.empty()) return bad("there are no images");
  std::vector<double> draws;
  for_each_half(values.size(), options, [&](const std::vector<int>& weights) {
    double sum = 0;
    int count = 0;
    for (std::size_t j = 0; j < weights.size(); ++j) {
      sum += weights[j] * values[j];
      count += weights[j];
    }
    draws.push_back(sum / count);
  });
  return draws;
}

}  // namespace pare::engine
