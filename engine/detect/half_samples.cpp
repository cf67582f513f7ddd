#include "engine/detect/half_samples.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
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

using Order = std::vector<std::size_t>;

// Gives the images in random orders.  Fisher and Yates by hand: the standard library's shuffle
// differs from one to the next.
void for_each_order(std::size_t images, int orders, std::uint64_t seed,
                    const std::function<void(const Order&)>& use) {
  std::mt19937_64 random(seed);
  Order order(images);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (int i = 0; i < orders; ++i) {
    for (std::size_t last = images; last > 1; --last) {
      std::swap(order[last - 1], order[random() % last]);
    }
    use(order);
  }
}

// Weights of 1 for these images, of 0 for the others.
std::vector<int> only(const Order& order, std::size_t from, std::size_t to) {
  std::vector<int> weights(order.size(), 0);
  for (std::size_t i = from; i < to; ++i) weights[order[i]] = 1;
  return weights;
}

// Gives the images of each half, as weights.
void for_each_half(std::size_t images, const HalfSampling& options,
                   const std::function<void(const std::vector<int>&)>& use) {
  if (images < 2) return;
  for_each_order(images, options.pairs, options.seed, [&](const Order& order) {
    use(only(order, 0, images / 2));
    use(only(order, images / 2, images));
  });
}

double flattery_law(int boxes) {
  return std::pow(boxes, -kBiasRate);
}

// What few boxes add to the mAP of all images: the law of half_samples.h, by least squares, AP of m
// boxes with the weight m.  nullopt where nothing can be fitted.
std::optional<double> flattery(const CocoEvaluation& model, std::uint64_t seed) {
  constexpr int kOrders = 8;
  constexpr std::size_t kMostParts = 32;
  const std::size_t images = model.image_ids().size();
  const std::vector<int> once(images, 1);
  const auto whole = model.average_precisions(once, AreaRange::kAll);
  const auto boxes = model.boxes(once, AreaRange::kAll);
  double xy = 0;
  double xx = 0;
  const auto fit = [&](const std::vector<int>& weights) {
    const auto part = model.average_precisions(weights, AreaRange::kAll);
    const auto fewer = model.boxes(weights, AreaRange::kAll);
    for (std::size_t c = 0; c < part.size(); ++c) {
      if (fewer[c] == 0 || fewer[c] == boxes[c]) continue;
      const double x = flattery_law(fewer[c]) - flattery_law(boxes[c]);
      xy += fewer[c] * x * (part[c] - whole[c]);
      xx += fewer[c] * x * x;
    }
  };
  for_each_order(images, kOrders, seed, [&](const Order& order) {
    for (std::size_t parts = 2; parts <= std::min(images, kMostParts); parts *= 2) {
      for (std::size_t p = 0; p < parts; ++p) {
        fit(only(order, p * images / parts, (p + 1) * images / parts));
      }
    }
  });
  if (xx == 0) return std::nullopt;
  double laws = 0;
  int present = 0;
  for (const int count : boxes) {
    if (count == 0) continue;
    laws += flattery_law(count);
    ++present;
  }
  return xy / xx * laws / present;
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

Result<std::vector<double>> levelled_half_sample_draws(const CocoEvaluation& model,
                                                       const HalfSampling& options) {
  auto made = half_sample_draws(model, options);
  const auto bias = made ? flattery(model, options.seed) : std::nullopt;
  if (!bias) return made;
  const std::vector<int> once(model.image_ids().size(), 1);
  const double value = mean_of_present(model.average_precisions(once, AreaRange::kAll));
  return centred_on(value + kBiasGrowth * *bias, made.value());
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
