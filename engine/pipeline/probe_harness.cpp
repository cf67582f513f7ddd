#include "engine/pipeline/probe_harness.h"

#include <fstream>
#include <utility>

#include "engine/pipeline/canary.h"

namespace pare::engine {

Result<Harness*> ProbeHarness::up() {
  if (!harness_) {
    auto started = Harness::start(options_);
    if (!started) return started.error();
    harness_ = std::move(started).value();
  }
  return harness_.get();
}

Error ProbeHarness::failed(const Error& error) {
  if (ended(error)) harness_.reset();
  return error;
}

Result<std::filesystem::path> ProbeHarness::write(const std::string& name,
                                                  const std::string& content) const {
  const std::filesystem::path file = options_.scratch / name;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out) return Error{ErrorCode::kUnavailable, "cannot write " + file.string()};
  return file;
}

Result<Tensor> ProbeHarness::run(const std::string& onnx, const Tensor& input, Precision floats) {
  const auto file = write("probe.onnx", onnx);
  if (!file) return file.error();
  const auto harness = up();
  if (!harness) return harness.error();
  const auto loaded = harness.value()->load(file.value(), {.threads = threads_, .floats = floats});
  if (!loaded) return failed(loaded.error());
  auto outputs = harness.value()->run({input});
  if (!outputs) return failed(outputs.error());
  return std::move(outputs).value().front();
}

Result<Millis> ProbeHarness::canary() {
  const auto harness = up();
  if (!harness) return harness.error();
  const auto reading = read_canary(*harness.value(), options_.scratch, threads_);
  if (!reading) return failed(reading.error());
  return reading;
}

}  // namespace pare::engine
