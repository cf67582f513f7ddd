#include "engine/pipeline/parity.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/graph/convert.h"
#include "engine/pipeline/image_loop.h"

namespace pare::engine {
namespace {

// Largest absolute difference over largest minus smallest expected value.
Result<double> relative_difference(const std::string& name, const Tensor& expected,
                                   const Tensor& actual) {
  if (expected.dtype() != DType::kFloat32 || actual.dtype() != DType::kFloat32 ||
      expected.shape() != actual.shape() || expected.size() == 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "output '" + name + "' has another type or shape on this runtime"};
  }
  const auto wanted = expected.values<float>();
  const auto got = actual.values<float>();
  double difference = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!std::isfinite(got[i])) {
      return Error{ErrorCode::kInvalidArgument,
                   "output '" + name + "' holds a value that is not finite on this runtime"};
    }
    difference = std::max(difference, std::abs(double{wanted[i]} - double{got[i]}));
  }
  const auto [low, high] = std::ranges::minmax(wanted);
  const double range = std::max(double{high} - double{low}, 1e-6);
  return difference / range;
}

}  // namespace

Result<Parity> compare_outputs(Runner& expected, Runner& actual, const std::vector<Tensor>& images,
                               Stopwatch& watch) {
  Parity parity;
  for (const Tensor& image : images) {
    const auto wanted = run_timed(expected, image, watch);
    if (!wanted) return wanted.error();
    const auto got = run_timed(actual, image, watch);
    if (!got) return got.error();
    const auto lap = watch.lap(Phase::kParity);
    for (std::size_t o = 0; o < expected.output_names().size(); ++o) {
      const std::string& name = expected.output_names()[o];
      const auto at = std::ranges::find(actual.output_names(), name);
      if (at == actual.output_names().end()) {
        return Error{ErrorCode::kInvalidArgument,
                     "output '" + name + "' is missing on this runtime"};
      }
      const auto index = static_cast<std::size_t>(at - actual.output_names().begin());
      const auto difference = relative_difference(name, with_float32(wanted.value()[o]),
                                                  with_float32(got.value()[index]));
      if (!difference) return difference.error();
      parity.max_error = std::max(parity.max_error, difference.value());
    }
    ++parity.images;
  }
  return parity;
}

}  // namespace pare::engine
