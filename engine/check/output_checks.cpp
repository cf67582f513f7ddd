// What a harness computes: beside the executor, beside itself.
#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/plan.h"
#include "engine/check/checks.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/check_verdict.h"
#include "engine/pipeline/probe_correctness.h"

namespace pare::engine {
namespace {

constexpr std::size_t kMustRun = 2;  // of the compared networks
constexpr double kSame = 1e-3;       // of an output's range: float32 in another order

std::string percent_of_range(double difference) {
  if (!std::isfinite(difference))
    return "another type, another shape, or a value that is not finite";
  return std::to_string(100 * difference) + " % of its range";
}

bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::ranges::equal(a, b, [](const Tensor& left, const Tensor& right) {
    return std::ranges::equal(left.bytes(), right.bytes());
  });
}

std::vector<Tensor> image_of(std::size_t seed) {
  return {drawn_tensor({1, 3, 32, 32}, static_cast<std::uint32_t>(seed))};
}

// The outputs of each slot's own image, one after the other.
std::vector<std::vector<Tensor>> each_alone(CheckedHarness& harness) {
  std::vector<std::vector<Tensor>> alone;
  for (std::size_t slot = 0; slot < Runner::kSlots; ++slot) {
    alone.push_back(harness.get(harness.harness().run(image_of(slot)), "infer"));
  }
  harness.expect(!same(alone[0], alone[1]), "two images have the same outputs to the bit");
  return alone;
}

void expect_each(CheckedHarness& harness, const std::vector<std::vector<Tensor>>& alone) {
  Harness& asked = harness.harness();
  for (std::size_t slot = 0; slot < Runner::kSlots; ++slot) {
    harness.get(asked.infer(slot), "infer");
  }
  for (std::size_t slot = 0; slot < Runner::kSlots; ++slot) {
    harness.expect(same(harness.get(asked.take(slot), "reading outputs"), alone[slot]),
                   "the outputs in folder " + std::to_string(slot) +
                       " are not those that its input had alone");
  }
}

void put_all(CheckedHarness& harness) {
  for (std::size_t slot = 0; slot < Runner::kSlots; ++slot) {
    harness.get(harness.harness().put(slot, image_of(slot)), "writing inputs");
  }
}

}  // namespace

// What a runtime cannot run it may refuse, but for the first two: whoever runs those runs
// something.
void check_fp32(CheckedHarness& harness) {
  const std::vector<CheckNetwork> networks = compared_networks();
  for (std::size_t at = 0; at < networks.size(); ++at) {
    const CheckNetwork& network = networks[at];
    const std::vector<Tensor> expected =
        harness.get(on_executor(network), "the executor, on " + network.name + ",");
    const auto outputs = harness.try_to_run(network);
    if (at >= kMustRun && !outputs && outputs.error().code == ErrorCode::kUnsupported) {
      harness.note("refuses the network \"" + network.name + "\": " + outputs.error().message);
      continue;
    }
    const std::vector<Tensor> got = harness.get(outputs, network.name);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double difference = apart(got.at(i), expected[i]);
      harness.expect(difference <= kSame,
                     network.name + ": output " + quoted(network.graph.outputs[i].name) +
                         " is apart from the executor's by " + percent_of_range(difference));
    }
  }
}

// One arrangement of Q/DQ nodes that is right is enough: a reality check finds which ones are.
void check_int8(CheckedHarness& harness) {
  const CheckedCommand& command = harness.command();
  const bool claimed = harness.computes("int8");
  ProbeHarness probe({.name = "the harness",
                      .command = command.command,
                      .scratch = command.scratch,
                      .cores = command.cores,
                      .call_limit = command.call_limit},
                     1);
  const auto probes = harness.get(probe_int8(probe, [](double, const std::string&) {}), "int8");
  if (!claimed) harness.not_claimed("int8");
  for (const CorrectnessProbe& one : probes) {
    const bool right = std::ranges::any_of(probes, [&](const CorrectnessProbe& other) {
      return other.network == one.network && other.ok;
    });
    harness.expect(right, "int8 of the network \"" + one.network +
                              "\" is wrong however its Q/DQ nodes stand" +
                              (one.failure.empty() ? "" : ": " + one.failure));
  }
}

// What fewer bits change is small beside the outputs, and it is there: the type is not ignored.
void check_floats(CheckedHarness& harness) {
  const CheckNetwork network = two_outputs(8);
  harness.load(network);
  const std::vector<Tensor> exact = harness.run(network);
  for (const Precision type : {Precision::kFp16, Precision::kBf16}) {
    const std::string name(name_of(type));
    if (!harness.computes(name)) {
      const auto file = harness.file("floats.onnx", export_onnx(network.graph));
      harness.expect_refusal(R"({"do": "load", "threads": 1, "floats": ")" + name +
                                 R"(", "model": ")" + file.string() + "\"}",
                             ErrorCode::kUnsupported, name);
      continue;
    }
    harness.load(network, {.floats = type});
    const double difference = apart(harness.run(network).at(0), exact.at(0));
    harness.expect(difference > 0, "outputs in " + name + " are those of fp32 to the bit");
    harness.expect(
        difference <= kMostFloatError,
        "outputs in " + name + " are apart from fp32's by " + percent_of_range(difference));
  }
  harness.load(network);
  harness.expect(same(harness.run(network), exact), "fp32 is not what it was before");
}

void check_slots(CheckedHarness& harness) {
  harness.load(two_outputs(8));
  const std::vector<std::vector<Tensor>> alone = each_alone(harness);
  harness.get(harness.harness().time(image_of(7), {.max_seconds = 0.1}), "time");
  put_all(harness);
  expect_each(harness, alone);
}

void check_ahead(CheckedHarness& harness) {
  if (!harness.hello().ahead) harness.not_claimed("ahead");
  harness.load(two_outputs(8));
  const std::vector<std::vector<Tensor>> alone = each_alone(harness);
  put_all(harness);
  for (std::size_t slot = 0; slot < Runner::kSlots; ++slot) harness.harness().line_up(slot);
  expect_each(harness, alone);
  harness.harness().line_up(1);  // and nobody waits for it
  harness.expect(same(harness.get(harness.harness().run(image_of(0)), "infer"), alone[0]),
                 "after an inference that nobody waited for, outputs are another's");
}

void check_kept(CheckedHarness& harness) {
  if (!harness.hello().keeps) harness.not_claimed("keeps");
  const CheckNetwork network = two_outputs(8);
  const std::filesystem::path kept = harness.command().scratch / "kept";
  const LoadedModel model = harness.load(network);
  const std::vector<Tensor> expected = harness.run(network);
  harness.get(harness.harness().keep(kept), "keep");
  harness.expect(std::filesystem::is_regular_file(kept), "keep left no file " + kept.string());
  const auto nowhere =
      harness.harness().keep(harness.command().scratch / "no such folder" / "kept");
  harness.expect(!nowhere, "keep into a folder that is not there was answered well");
  for (const char* spoiled : {"", "with a file that was never kept, "}) {
    if (*spoiled != 0) std::ofstream(kept, std::ios::trunc) << "this was never kept";
    const LoadedModel again = harness.load(network, {.kept = kept});
    harness.expect(again.inputs == model.inputs && again.outputs == model.outputs,
                   std::string(spoiled) + "\"kept\" gives other inputs or outputs");
    harness.expect(same(harness.run(network), expected),
                   std::string(spoiled) + "\"kept\" gives other answers");
  }
}

}  // namespace pare::engine
