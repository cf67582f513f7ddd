#include "engine/detect/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "core/quantile.h"

namespace pare::engine {
namespace {

constexpr double kFoundAp = 0.01;
constexpr double kLostShare = 0.1;

// Images with replacement, as multiplicities.  Rejection instead of uniform_int_distribution,
// whose numbers differ between standard libraries.
std::vector<int> draw_weights(std::size_t images, std::mt19937_64& random) {
  const std::uint64_t limit = random.max() - random.max() % images;
  std::vector<int> weights(images, 0);
  for (std::size_t drawn = 0; drawn < images;) {
    const std::uint64_t number = random();
    if (number >= limit) continue;
    ++weights[number % images];
    ++drawn;
  }
  return weights;
}

struct Sampled {
  bool present = false;
  double value = 0;
  std::vector<double> draws;

  Interval interval(double alpha) {
    if (!present || draws.empty()) return {};
    std::ranges::sort(draws);
    return {value, quantile(draws, alpha / 2), quantile(draws, 1 - alpha / 2), true};
  }
};

// The difference where both exist: absence is a property of the ground truth, so both or neither.
void add_difference(double a, double b, Sampled& to) {
  if (a != -1 && b != -1) to.draws.push_back(b - a);
}

void set_difference(double a, double b, Sampled& to) {
  to.present = a != -1 && b != -1;
  to.value = to.present ? b - a : 0;
}

Error bad(const std::string& what) {
  return {ErrorCode::kInvalidArgument, "bootstrap: " + what};
}

Result<std::monostate> check(const BootstrapOptions& options) {
  if (options.resamples < 1) return bad("resamples " + std::to_string(options.resamples));
  if (!(options.alpha > 0 && options.alpha < 1)) {
    return bad("alpha " + std::to_string(options.alpha) + " is not between 0 and 1");
  }
  return std::monostate{};
}

Result<std::monostate> check(const CocoEvaluation& model, const BootstrapOptions& options) {
  if (auto checked = check(options); !checked) return checked;
  const std::vector<int> once(model.image_ids().size(), 1);
  if (mean_of_present(model.average_precisions(once, AreaRange::kAll)) == -1) {
    return bad("none of " + std::to_string(once.size()) + " images has ground truth");
  }
  return std::monostate{};
}

std::vector<int> lost(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<int> classes;
  for (std::size_t c = 0; c < a.size(); ++c) {
    if (a[c] >= kFoundAp && b[c] < kLostShare * a[c]) classes.push_back(static_cast<int>(c));
  }
  return classes;
}

}  // namespace

Result<std::vector<double>> bootstrap_draws(const CocoEvaluation& model,
                                            const BootstrapOptions& options) {
  const auto checked = check(model, options);
  if (!checked) return checked.error();
  std::vector<double> draws;
  std::mt19937_64 random(options.seed);
  for (int i = 0; i < options.resamples; ++i) {
    const std::vector<int> weights = draw_weights(model.image_ids().size(), random);
    draws.push_back(mean_of_present(model.average_precisions(weights, AreaRange::kAll)));
  }
  return draws;
}

Result<Interval> bootstrap_map(const CocoEvaluation& model, const BootstrapOptions& options) {
  auto draws = bootstrap_draws(model, options);
  if (!draws) return draws.error();
  const std::vector<int> once(model.image_ids().size(), 1);
  Sampled sampled{true, mean_of_present(model.average_precisions(once, AreaRange::kAll)),
                  std::move(draws).value()};
  std::erase(sampled.draws, -1.0);
  return sampled.interval(options.alpha);
}

Result<PairedBootstrap> paired_bootstrap(const CocoEvaluation& a, const CocoEvaluation& b,
                                         const BootstrapOptions& options) {
  const auto checked = check(a, options);
  if (!checked) return checked.error();
  if (a.image_ids() != b.image_ids() || a.categories() != b.categories()) {
    return Error{ErrorCode::kInvalidArgument,
                 "bootstrap: A has " + std::to_string(a.image_ids().size()) + " images and " +
                     std::to_string(a.categories()) + " categories, B " +
                     std::to_string(b.image_ids().size()) + " and " +
                     std::to_string(b.categories()) + ", and they must be the same ones"};
  }
  const std::size_t images = a.image_ids().size();
  std::array<Sampled, kAreaRanges> by_area;
  std::vector<Sampled> by_class(static_cast<std::size_t>(a.categories()));
  PairedBootstrap made{.images = static_cast<int>(images)};
  const auto score = [&](const std::vector<int>& weights, auto&& put, bool whole) {
    for (std::size_t area = 0; area < kAreaRanges; ++area) {
      const auto of_a = a.average_precisions(weights, static_cast<AreaRange>(area));
      const auto of_b = b.average_precisions(weights, static_cast<AreaRange>(area));
      put(mean_of_present(of_a), mean_of_present(of_b), by_area[area]);
      if (area != static_cast<std::size_t>(AreaRange::kAll)) continue;
      for (std::size_t c = 0; c < of_a.size(); ++c) put(of_a[c], of_b[c], by_class[c]);
      if (whole) made.lost_classes = lost(of_a, of_b);
    }
  };
  score(std::vector<int>(images, 1), set_difference, true);
  std::mt19937_64 random(options.seed);
  for (int i = 0; i < options.resamples; ++i) {
    score(draw_weights(images, random), add_difference, false);
  }
  for (std::size_t area = 0; area < kAreaRanges; ++area) {
    made.by_area[area] = by_area[area].interval(options.alpha);
  }
  for (Sampled& sampled : by_class) made.by_class.push_back(sampled.interval(options.alpha));
  return made;
}

Result<std::vector<double>> bootstrap_mean_draws(std::span<const double> values,
                                                 const BootstrapOptions& options) {
  if (auto checked = check(options); !checked) return checked.error();
  if (values.empty()) return bad("there are no images");
  std::vector<double> draws;
  std::mt19937_64 random(options.seed);
  for (int i = 0; i < options.resamples; ++i) {
    const std::vector<int> weights = draw_weights(values.size(), random);
    double sum = 0;
    for (std::size_t j = 0; j < weights.size(); ++j) sum += weights[j] * values[j];
    draws.push_back(sum / static_cast<double>(values.size()));
  }
  return draws;
}

Result<Interval> bootstrap_mean(std::span<const double> differences,
                                const BootstrapOptions& options) {
  auto draws = bootstrap_mean_draws(differences, options);
  if (!draws) return draws.error();
  double sum = 0;
  for (const double difference : differences) sum += difference;
  Sampled sampled{true, sum / static_cast<double>(differences.size()), std::move(draws).value()};
  return sampled.interval(options.alpha);
}

}  // namespace pare::engine
