#include "engine/pipeline/canary.h"

#include <time.h>

#include <fstream>

#include "core/samples.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/probe_networks.h"

namespace pare::engine {
namespace {

// What a virtual machine's speed does from one tenth of a second to the next is twice as much as
// what so few samples miss.
constexpr TimingOptions kTiming = {.window = 8,
                                   .tolerance = 0.02,
                                   .warmup_max_seconds = 0.05,
                                   .min_samples = 20,
                                   .max_samples = 200,
                                   .max_seconds = 0.1,
                                   .half_width = 0.01};

// Of this boot, with the time that the machine slept.
Millis since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return Millis(1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec));
}

}  // namespace

Result<Millis> read_canary(Harness& harness, const std::filesystem::path& folder, int threads) {
  const ProbeNetwork canary = canary_network();
  const std::filesystem::path file = folder / "canary.onnx";
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << export_onnx(canary.graph);
  out.close();
  if (!out) return Error{ErrorCode::kUnavailable, "cannot write " + file.string()};
  const std::filesystem::path kept = folder / "canary.kept";
  const auto loaded = harness.load(file, {.threads = threads, .kept = kept});
  if (!loaded) return loaded.error();
  std::error_code absent;
  if (harness.hello().keeps && !std::filesystem::exists(kept, absent)) (void)harness.keep(kept);
  const auto timing = harness.time({canary.input}, kTiming);
  if (!timing) return timing.error();
  return pare::summarize(timing.value().samples_ms).median;
}

void leave_canary(const std::filesystem::path& file, Millis reading) {
  std::ofstream out(file, std::ios::trunc);
  out.precision(17);
  out << since_boot().count() << ' ' << reading.count() << '\n';
}

std::optional<Millis> left_canary(const std::filesystem::path& file, Millis holds) {
  double at = 0;
  double reading = 0;
  if (!(std::ifstream(file) >> at >> reading) || !(reading > 0)) return std::nullopt;
  const Millis age = since_boot() - Millis(at);
  if (age < Millis(0) || age > holds) return std::nullopt;
  return Millis(reading);
}

}  // namespace pare::engine
