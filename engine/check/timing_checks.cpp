// What a harness says of times.  None of them decides, but that more work is not faster.
#include <cmath>
#include <set>
#include <string>

#include "core/samples.h"
#include "engine/check/checks.h"
#include "engine/onnx/onnx_io.h"

namespace pare::engine {
namespace {

Timing timed(CheckedHarness& harness, const CheckNetwork& network, const TimingOptions& options) {
  return harness.get(harness.harness().time(network.inputs, options), "time");
}

}  // namespace

void check_samples(CheckedHarness& harness) {
  const CheckNetwork network = two_outputs(8);
  harness.load(network);
  constexpr TimingOptions kOptions{.min_samples = 40, .max_samples = 60, .max_seconds = 30};
  const Timing timing = timed(harness, network, kOptions);
  harness.expect(timing.samples_ms.size() >= 40, "40 samples at least were expected");
  harness.expect(timing.samples_ms.size() <= 60, "60 samples at most were expected");
  harness.expect(!timing.stationary || timing.warmup_runs >= 2 * kOptions.window,
                 "\"stationary\" after less than two windows of warm-up runs");
  const bool narrow = relative_half_width(timing.samples_ms) <= kOptions.half_width;
  harness.expect(timing.narrow == narrow, std::string("\"narrow\" should be ") +
                                              (narrow ? "true" : "false") + " of these samples");
  harness.expect(
      timing.narrow || timing.samples_ms.size() == 60,
      "sampling ended before its interval was narrow, its samples or its time were there");
}

void check_limits(CheckedHarness& harness) {
  const CheckNetwork network = two_outputs(8);
  harness.load(network);
  constexpr TimingOptions kExactly{.warmup_max_seconds = 0,
                                   .min_samples = 25,
                                   .max_samples = 25,
                                   .max_seconds = 60,
                                   .half_width = 0};
  const Timing exactly = timed(harness, network, kExactly);
  harness.expect(exactly.samples_ms.size() == 25, "exactly 25 samples were expected");
  harness.expect(exactly.narrow == (relative_half_width(exactly.samples_ms) <= 0),
                 "\"narrow\" is true of an interval that is wider than 0, which was asked for");
  harness.expect(exactly.warmup_runs == 0 && !exactly.stationary,
                 "no warm-up was expected, and \"stationary\" to be false");
  const Timing one = timed(harness, network, {.warmup_max_seconds = 0, .max_seconds = 0});
  harness.expect(one.samples_ms.size() == 1, "one sample was expected where no time is given");
}

void check_more_work(CheckedHarness& harness) {
  const auto median = [&](int channels) {
    const CheckNetwork network = two_outputs(channels);
    harness.load(network);
    return summarize(timed(harness, network, {.max_seconds = 2}).samples_ms).median;
  };
  const Millis narrow = median(8);
  const Millis wide = median(1024);
  harness.expect(wide > 2 * narrow, "a network 128 times as wide takes " +
                                        std::to_string(wide.count()) + " ms, the narrow one " +
                                        std::to_string(narrow.count()) + " ms");
}

void check_layers(CheckedHarness& harness) {
  const CheckNetwork network = two_outputs(8);
  const auto file = harness.file("profiled.onnx", export_onnx(network.graph));
  const auto loaded = harness.harness().load(file, {.profile = true});
  if (!loaded && loaded.error().code == ErrorCode::kUnsupported) {
    harness.not_claimed("times per layer");
  }
  harness.get(loaded, "load with \"profile\"");
  for (int time = 0; time < 2; ++time) {
    const Timing timing = timed(harness, network, {.max_seconds = 0.5});
    std::set<std::string> names;
    std::vector<std::string> convolutions;
    double sum = 0;
    for (const LayerTime& layer : timing.layers) {
      harness.expect(names.insert(layer.name).second,
                     "two layers are called " + quoted(layer.name));
      if (layer.type.find("Conv") != std::string::npos) convolutions.push_back(layer.name);
      sum += layer.ms;
    }
    harness.expect(sum > 0, "no layer takes any time");
    harness.expect(convolutions.size() == 2, "two layers with Conv in their type were expected");
    harness.expect(convolutions[1].find("boxes") != std::string::npos,
                   "the convolution that makes \"boxes\" was expected to come last");
  }
  harness.run(network);
}

void check_no_layers(CheckedHarness& harness) {
  const CheckNetwork network = two_outputs(8);
  const auto file = harness.file("profiled.onnx", export_onnx(network.graph));
  (void)harness.harness().load(file, {.profile = true});
  harness.load(network);
  const Timing timing = timed(harness, network, {.max_seconds = 0.5});
  harness.expect(timing.layers.empty(), "\"layers\" after a load without \"profile\"");
}

}  // namespace pare::engine
