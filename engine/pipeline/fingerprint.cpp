#include "engine/pipeline/fingerprint.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "engine/graph/convert.h"
#include "engine/pipeline/image_loop.h"

namespace pare::engine {
namespace {

// Welford's running mean and sum of squares: Technometrics 4 (1962) 419.
class Moments {
 public:
  void add(double x) {
    ++all_;
    if (!std::isfinite(x)) return;
    ++finite_;
    const double step = x - mean_;
    mean_ += step / static_cast<double>(finite_);
    squares_ += step * (x - mean_);
    peak_ = std::max(peak_, x);
  }

  OutputMoments moments() const {
    if (finite_ == 0) return {.finite = 0};
    const auto count = static_cast<double>(finite_);
    return {mean_, std::sqrt(squares_ / count), peak_, count / static_cast<double>(all_)};
  }

 private:
  std::size_t all_ = 0;
  std::size_t finite_ = 0;
  double mean_ = 0;
  double squares_ = 0;
  double peak_ = std::numeric_limits<double>::lowest();
};

}  // namespace

Result<OutputFingerprint> fingerprint(Runner& runner, const std::vector<Tensor>& images,
                                      Stopwatch& watch) {
  std::map<std::string, Moments> moments;
  for (const Tensor& image : images) {
    const auto outputs = run_timed(runner, image, watch);
    if (!outputs) return outputs.error();
    const auto lap = watch.lap(Phase::kParity);
    for (std::size_t o = 0; o < outputs.value().size(); ++o) {
      const Tensor& output = outputs.value()[o];
      if (!is_float(output.dtype()) || output.size() == 0) continue;
      Moments& of_output = moments[runner.output_names()[o]];
      const Tensor numbers = with_float32(output);
      for (const float x : numbers.values<float>()) of_output.add(double{x});
    }
  }
  OutputFingerprint out;
  for (const auto& [name, of_output] : moments) out[name] = of_output.moments();
  return out;
}

}  // namespace pare::engine
