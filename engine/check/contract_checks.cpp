// Hello, load, errors, the end: what is asked before anything is computed.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "core/precision.h"
#include "engine/check/checks.h"
#include "engine/onnx/onnx_io.h"

namespace pare::engine {
namespace {

using nlohmann::json;

constexpr auto kPatienceToEnd = std::chrono::seconds(5);

std::string with_a_name_wrong(const char* what) {
  return json{{"do", what}, {"colour", "green"}}.dump();
}

void expect_good_end(CheckedHarness& harness, const std::string& after) {
  const auto end = harness.harness().close(kPatienceToEnd);
  harness.expect(end == host::ExitStatus{},
                 "exit code 0 was expected within 5 s after " + after +
                     (end ? ", not " + host::describe(*end) : ", and it had to be killed"));
}

}  // namespace

void check_hello(CheckedHarness& harness) {
  const HarnessHello& hello = harness.hello();
  harness.expect(!hello.runtime.empty(), "\"runtime\" is empty");
  harness.expect(!hello.version.empty(), "\"version\" is empty");
  harness.expect(!hello.versions.empty(), "\"versions\" is empty");
  harness.expect(!hello.devices.empty(), "\"devices\" is empty");
  harness.expect(harness.computes("fp32"), "\"precisions\" is without fp32");
  for (const std::string& precision : hello.precisions) {
    harness.expect(
        std::ranges::any_of(kAllPrecisions,
                            [&](Precision known) { return name_of(known) == precision; }),
        quoted(precision) + " in \"precisions\" is none");
  }
}

void check_load(CheckedHarness& harness) {
  const LoadedModel model = harness.load(two_outputs(8));
  harness.expect(model.inputs == two_outputs(8).graph.inputs,
                 "one input \"images\", float32 [1, 3, 32, 32], was expected");
  const std::vector<TensorInfo> outputs = two_outputs(8).graph.outputs;
  harness.expect(model.outputs == outputs,
                 "the outputs " + quoted(outputs[0].name) + ", float32 [1, 4, 16, 16], and " +
                     quoted(outputs[1].name) + ", float32 [1, 8, 16, 16], were expected");
  harness.expect(model.load.count() > 0, "\"load_ms\" is 0");
  harness.expect(model.memory.count > 1 << 20, "\"memory_bytes\" is less than a MiB");
  harness.expect(!model.settings.empty(), "\"settings\" is empty: threads at least were set");
}

void check_names(CheckedHarness& harness) {
  const CheckNetwork network = odd_rows();
  const LoadedModel model = harness.load(network);
  harness.expect(model.inputs == network.graph.inputs, "the input \"input.1\" of the file");
  harness.expect(
      model.outputs == network.graph.outputs,
      "the output " + quoted(network.graph.outputs[0].name) + " of the file, [1, 187, 1]");
  harness.run(network);
}

void check_replacing(CheckedHarness& harness) {
  harness.load(two_outputs(8));
  const CheckNetwork wider = two_outputs(16);
  harness.load(wider);
  const std::vector<Tensor> outputs = harness.run(wider);
  harness.expect(outputs[1].shape() == wider.graph.outputs[1].shape,
                 "an output of the model that was loaded last was expected");
  const std::string again = harness.harness().last_request();  // its files are still there
  harness.get(harness.harness().unload(), "unload");
  harness.expect_refusal(again, ErrorCode::kInvalidArgument, "");
  harness.load(wider);
}

void check_refusals(CheckedHarness& harness) {
  const CheckNetwork network = two_outputs(8);
  Harness& asked = harness.harness();
  harness.expect_refused(asked.load(harness.command().scratch / "absent.onnx", {}),
                         ErrorCode::kNotFound, "absent.onnx");
  harness.expect_refused(asked.load(harness.file("rubbish.onnx", "this is no model"), {}),
                         ErrorCode::kUnsupported, "rubbish.onnx");
  const auto file = harness.file("cut.onnx", "\x08\x08\x12\x04");
  harness.expect_refused(asked.load(file, {}), ErrorCode::kUnsupported, "cut.onnx");
  harness.load(network);
  harness.expect_refused(asked.run({drawn_tensor({1, 3, 16, 16}, 1)}), ErrorCode::kInvalidArgument,
                         "images");
  harness.run(network);
}

void check_devices(CheckedHarness& harness) {
  const auto file = harness.file("network.onnx", export_onnx(two_outputs(8).graph));
  harness.expect_refused(harness.harness().load(file, {.device = "Abacus"}),
                         ErrorCode::kUnsupported, "Abacus");
  const std::string first = harness.hello().devices.at(0);
  harness.load(two_outputs(8), {.device = first});
  harness.run(two_outputs(8));
}

void check_wrong_requests(CheckedHarness& harness) {
  const auto refused = [&](const std::string& line, const std::string& naming) {
    harness.expect_refusal(line, ErrorCode::kInvalidArgument, naming);
  };
  refused("this is no JSON", "");
  refused("[1, 2]", "");
  refused("{}", "do");
  refused(R"({"do": "sing"})", "sing");
  refused(R"({"do": 5})", "do");
  for (const char* what : {"hello", "unload", "bye"}) refused(with_a_name_wrong(what), "colour");
  refused(R"({"do": "load", "model": "a.onnx"})", "threads");
  refused(R"({"do": "load", "model": "a.onnx", "threads": 0})", "threads");
  refused(R"({"do": "load", "model": "a.onnx", "threads": "1"})", "threads");
  refused(R"({"do": "load", "model": 1, "threads": 1})", "model");
  refused(R"({"do": "load", "model": "a.onnx", "threads": 1, "colour": "green"})", "colour");
  refused(R"({"do": "load", "model": "a.onnx", "threads": 1, "profile": 1})", "profile");
  refused(R"({"do": "infer", "inputs": {}, "outputs": "/tmp"})", "");  // nothing is loaded
  refused(R"({"do": "time", "inputs": {}})", "");
  harness.load(two_outputs(8));
  refused(R"({"do": "infer", "inputs": {}, "outputs": "/tmp"})", "images");
  refused(R"({"do": "infer", "inputs": {"images": 1}, "outputs": "/tmp"})", "images");
  refused(R"({"do": "time", "inputs": {"images": "/a.npy"}, "max_samples": 0})", "max_samples");
  refused(R"({"do": "time", "inputs": {"images": "/a.npy"}, "warmup": {"colour": 1}})", "colour");
  harness.expect_refusal(
      R"({"do": "infer", "inputs": {"images": "/nonexistent/a.npy"}, "outputs": "/tmp"})",
      ErrorCode::kNotFound, "/nonexistent/a.npy");
  const auto text = harness.file("text.npy", "this is no tensor");
  refused(
      json{{"do", "infer"}, {"inputs", {{"images", text.string()}}}, {"outputs", "/tmp"}}.dump(),
      "text.npy");
  harness.run(two_outputs(8));
}

void check_options(CheckedHarness& harness) {
  const auto file = harness.file("network.onnx", export_onnx(two_outputs(8).graph));
  const auto refused = harness.harness().load(file, {.options = {{"colour", "green"}}});
  harness.expect_refused(refused, ErrorCode::kInvalidArgument, "colour");
  for (const std::string& known : harness.hello().options) {
    harness.expect(refused.error().message.find(known) != std::string::npos,
                   "a message that names the option " + quoted(known) + ", which is known");
  }
}

void check_stdout(CheckedHarness& harness) {
  harness.hello();
  const CheckNetwork network = two_outputs(8);
  for (int time = 0; time < 2; ++time) {
    harness.load(network);
    harness.run(network);
    harness.get(harness.harness().time(network.inputs, {.max_seconds = 0.1}), "time");
    harness.get(harness.harness().unload(), "unload");
  }
  // A line too many would be read in place of this answer.
  const std::string last = harness.get(harness.harness().converse(R"({"do": "hello"})"), "hello");
  const json answer = json::parse(last, nullptr, false);
  harness.expect(answer.is_object() && answer.contains("contract"),
                 "one line for each request was expected; this is no answer to hello");
}

void check_end_of_stdin(CheckedHarness& harness) {
  harness.load(two_outputs(8));
  harness.run(two_outputs(8));
  expect_good_end(harness, "the end of stdin");
}

void check_bye(CheckedHarness& harness) {
  const std::string answer = harness.get(harness.harness().converse(R"({"do": "bye"})"), "bye");
  harness.expect(json::parse(answer, nullptr, false) == json::object(), "{} was expected");
  expect_good_end(harness, "bye");
}

}  // namespace pare::engine
