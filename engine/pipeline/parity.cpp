#include "engine/pipeline/parity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>

#include "engine/graph/convert.h"
#include "engine/graph/messages.h"
#include "engine/pipeline/image_loop.h"

namespace pare::engine {
namespace {

// True for the same number, and for no number on either side alike.
bool same(float wanted, float got) {
  return wanted == got || (std::isnan(wanted) && std::isnan(got));
}

// What two runtimes may differ by in float32 whatever an output's range is: of its largest number,
// or of one, which a sigmoid works with however small its answers are.
constexpr double kRounding = 1e-6;

// Largest absolute difference, less what rounding makes, over largest minus smallest expected
// value.
double relative_difference(std::span<const float> wanted, std::span<const float> got) {
  double difference = 0;
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (std::isfinite(wanted[i])) {
      low = std::min(low, double{wanted[i]});
      high = std::max(high, double{wanted[i]});
    }
    if (same(wanted[i], got[i])) continue;
    const double miss = std::abs(double{wanted[i]} - double{got[i]});
    difference =
        std::isfinite(miss) ? std::max(difference, miss) : std::numeric_limits<double>::infinity();
  }
  const double largest = std::max({1.0, std::abs(low), std::abs(high)});
  const double rounding = std::isfinite(largest) ? kRounding * largest : kRounding;
  return std::max(0.0, difference - rounding) / std::max(high - low, kRounding);
}

std::string type_and_shape(const Tensor& tensor) {
  return std::string(name_of(tensor.dtype())) + " " + to_string(tensor.shape());
}

// Of the same name; a runtime may answer in another order.
Result<const Tensor*> output_named(const std::string& name, const Tensor& expected,
                                   const Runner& runner, const std::vector<Tensor>& outputs) {
  const auto at = std::ranges::find(runner.output_names(), name);
  if (at == runner.output_names().end()) {
    return Error{ErrorCode::kInvalidArgument, "output '" + name + "' is missing on this runtime"};
  }
  const Tensor& output = outputs[static_cast<std::size_t>(at - runner.output_names().begin())];
  if (output.dtype() != expected.dtype() || output.shape() != expected.shape()) {
    return Error{ErrorCode::kInvalidArgument, "output '" + name + "' is " + type_and_shape(output) +
                                                  " on this runtime, and " +
                                                  type_and_shape(expected) + " on the executor"};
  }
  return &output;
}

// Takes an image's output into account.
void add(const std::string& name, double error, double tolerance, Parity& parity) {
  const bool first = parity.output.empty();
  if (!first && !(error / tolerance > parity.max_error / parity.tolerance)) return;
  parity.max_error = error;
  parity.tolerance = tolerance;
  parity.output = name;
}

}  // namespace

Result<Parity> compare_outputs(Runner& expected, Runner& actual, const std::vector<Tensor>& images,
                               double tolerance, Stopwatch& watch) {
  Parity parity;
  parity.tolerance = tolerance;
  for (const Tensor& image : images) {
    const auto wanted = run_timed(expected, image, watch);
    if (!wanted) return wanted.error();
    const auto got = run_timed(actual, image, watch);
    if (!got) return got.error();
    const auto lap = watch.lap(Phase::kParity);
    for (std::size_t o = 0; o < expected.output_names().size(); ++o) {
      const std::string& name = expected.output_names()[o];
      const Tensor& output = wanted.value()[o];
      if (!is_float(output.dtype()) || output.size() == 0) continue;
      const auto other = output_named(name, output, actual, got.value());
      if (!other) return other.error();
      const bool half = output.dtype() == DType::kFloat16;
      add(name,
          relative_difference(with_float32(output).values<float>(),
                              with_float32(*other.value()).values<float>()),
          half ? kHalfTolerance * tolerance : tolerance, parity);
    }
    if (parity.output.empty()) {
      return Error{ErrorCode::kUnsupported, "no output holds numbers that could be compared"};
    }
    ++parity.images;
  }
  return parity;
}

}  // namespace pare::engine
