// The contract of docs/runtimes.md, asked of every harness that was built.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "core/samples.h"
#include "engine/harness/evidence.h"
#include "engine/harness/harness.h"
#include "engine/onnx/onnx_io.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;

fs::path scratch() {
  const fs::path folder =
      fs::temp_directory_path() / ("pare-harness-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  return folder;
}

fs::path model_file(int channels, const std::string& name, int size = 32) {
  test::GraphBuilder builder(5);
  const auto x = builder.input({1, 3, size, size});
  const auto y = builder.silu(builder.conv(x, {.channels = channels, .stride = 2, .name = ""}));
  builder.output(builder.conv(y, {.channels = 4, .name = "boxes"}));
  builder.output(builder.sigmoid(y));
  const fs::path path = scratch() / name;
  std::ofstream(path, std::ios::binary) << export_onnx(builder.build());
  return path;
}

std::vector<std::string> command_of(const std::string& runtime) {
  std::ifstream file(PARE_RUNTIMES);
  return nlohmann::json::parse(file).at(runtime).get<std::vector<std::string>>();
}

double largest_difference(const Tensor& a, const Tensor& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.values<float>().size(); ++i) {
    largest = std::max(largest, std::abs(double{a.values<float>()[i]} - b.values<float>()[i]));
  }
  return largest;
}

class Conformance : public testing::TestWithParam<const char*> {
 protected:
  Conformance() {
    auto started = Harness::start({.name = GetParam(),
                                   .command = command_of(GetParam()),
                                   .scratch = scratch(),
                                   .cores = {0}});
    if (started) harness_ = std::move(started).value();
    EXPECT_TRUE(harness_) << started.error().message;
  }

  std::unique_ptr<Harness> harness_;
};

TEST_P(Conformance, hello_says_what_it_is) {
  EXPECT_EQ(harness_->hello().runtime, GetParam());
  EXPECT_FALSE(harness_->hello().version.empty());
  EXPECT_THAT(harness_->hello().precisions, testing::Contains("fp32"));
  EXPECT_FALSE(harness_->hello().devices.empty());
}

// What fewer bits change is small beside the outputs, and it is there: the type is not ignored.
TEST_P(Conformance, it_computes_in_the_types_that_its_hello_lists_and_refuses_others) {
  const fs::path model = model_file(8, "small.onnx");
  const std::vector<Tensor> inputs{test::random_tensor({1, 3, 32, 32}, 11)};
  ASSERT_TRUE(harness_->load(model, {}));
  const auto exact = harness_->run(inputs);
  ASSERT_TRUE(exact) << exact.error().message;
  for (const Precision type : {Precision::kFp16, Precision::kBf16}) {
    const auto loaded = harness_->load(model, {.floats = type});
    if (!std::ranges::count(harness_->hello().precisions, name_of(type))) {
      ASSERT_FALSE(loaded);
      EXPECT_EQ(loaded.error().code, ErrorCode::kUnsupported);
      EXPECT_THAT(loaded.error().message, testing::HasSubstr(std::string(name_of(type))));
      continue;
    }
    ASSERT_TRUE(loaded) << loaded.error().message;
    const auto shorter = harness_->run(inputs);
    ASSERT_TRUE(shorter) << shorter.error().message;
    const double apart = largest_difference(exact.value()[0], shorter.value()[0]);
    EXPECT_GT(apart, 0) << name_of(type);
    EXPECT_LT(apart, 0.1) << name_of(type);
  }
}

TEST_P(Conformance, a_loaded_model_says_its_inputs_and_outputs) {
  const auto loaded = harness_->load(model_file(8, "small.onnx"), {});
  ASSERT_TRUE(loaded) << loaded.error().message;
  const LoadedModel& model = loaded.value();
  ASSERT_EQ(model.inputs.size(), 1U);
  EXPECT_EQ(model.inputs[0].name, "images");
  EXPECT_EQ(model.inputs[0].shape, (Shape{1, 3, 32, 32}));
  EXPECT_EQ(model.inputs[0].dtype, DType::kFloat32);
  ASSERT_EQ(model.outputs.size(), 2U);
  EXPECT_EQ(model.outputs[0].name, "boxes");
  EXPECT_EQ(model.outputs[0].shape, (Shape{1, 4, 16, 16}));
  EXPECT_GT(model.load.count(), 0);
  EXPECT_GT(model.memory.count, 1 << 20);
  EXPECT_GE(harness_->peak_memory().count, model.memory.count / 2);
}

// As faces of several sizes are handed out: what is compiled is one operator with two names.
TEST_P(Conformance, an_output_has_the_name_that_the_file_gives_it) {
  test::GraphBuilder builder(5);
  const auto scores = builder.conv(builder.input({1, 3, 32, 32}), {.channels = 1, .stride = 2});
  const auto rows = builder.transpose(scores, {0, 2, 3, 1});
  const auto output = builder.sigmoid(builder.reshape(rows, {1, 256, 1}));
  builder.output(output);
  const fs::path path = scratch() / "rows.onnx";
  std::ofstream(path, std::ios::binary) << export_onnx(builder.build());
  const auto loaded = harness_->load(path, {});
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_EQ(loaded.value().outputs.size(), 1U);
  EXPECT_EQ(loaded.value().outputs[0].name, output);
  ASSERT_TRUE(harness_->run({test::random_tensor({1, 3, 32, 32}, 11)}));
  EXPECT_EQ(harness_->output_names(), std::vector<std::string>{output});
}

TEST_P(Conformance, outputs_are_those_of_the_first_harness) {
  const fs::path model = model_file(8, "small.onnx");
  const std::vector<Tensor> inputs{test::random_tensor({1, 3, 32, 32}, 11)};
  ASSERT_TRUE(harness_->load(model, {}));
  const auto outputs = harness_->run(inputs);
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_TRUE(harness_->inference_time());
  EXPECT_GT(harness_->inference_time()->count(), 0);

  fs::create_directories(scratch() / "reference");
  auto reference = Harness::start({.name = "onnxruntime",
                                   .command = command_of("onnxruntime"),
                                   .scratch = scratch() / "reference"});
  ASSERT_TRUE(reference) << reference.error().message;
  const auto other = std::move(reference).value();
  ASSERT_TRUE(other->load(model, {}));
  const auto expected = other->run(inputs);
  ASSERT_TRUE(expected) << expected.error().message;
  for (std::size_t i = 0; i < expected.value().size(); ++i) {
    EXPECT_LT(test::relative_error(outputs.value()[i], expected.value()[i]), 1e-5);
  }
}

// What the children of this thread have read and written by themselves so far: not by mapping.
std::int64_t bytes_moved_by_children() {
  std::int64_t moved = 0;
  std::ifstream children("/proc/thread-self/children");
  for (std::string pid; children >> pid;) {
    std::ifstream io("/proc/" + pid + "/io");
    std::string name;
    for (std::int64_t value = 0; io >> name >> value;) {
      if (name == "rchar:" || name == "wchar:") moved += value;
    }
  }
  return moved;
}

TEST_P(Conformance, tensors_of_an_inference_are_not_copied_by_a_shipped_harness) {
  ASSERT_TRUE(harness_->load(model_file(8, "larger.onnx", 128), {}));
  const std::vector<Tensor> inputs{test::random_tensor({1, 3, 128, 128}, 1)};
  constexpr std::int64_t kBytes = 4 * (3 * 128 * 128 + (4 + 8) * 64 * 64);  // in and out
  constexpr int kRuns = 20;
  ASSERT_TRUE(harness_->run(inputs));
  const std::int64_t before = bytes_moved_by_children();
  ASSERT_GT(before, 0);
  for (int run = 0; run < kRuns; ++run) ASSERT_TRUE(harness_->run(inputs));
  EXPECT_LT(bytes_moved_by_children() - before, kRuns * kBytes / 10);  // requests, headers, answers
}

TEST_P(Conformance, outputs_are_of_the_inputs_given_last_in_whatever_slot_and_after_timing) {
  ASSERT_TRUE(harness_->load(model_file(8, "small.onnx"), {}));
  const auto input = [](unsigned seed) {
    return std::vector<Tensor>{test::random_tensor({1, 3, 32, 32}, seed)};
  };
  std::vector<std::vector<Tensor>> alone;
  for (unsigned seed = 0; seed < Runner::kSlots; ++seed) {
    auto outputs = harness_->run(input(seed));
    ASSERT_TRUE(outputs) << outputs.error().message;
    alone.push_back(std::move(outputs).value());
  }
  const auto same = [](const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
    return std::ranges::equal(a, b, [](const Tensor& left, const Tensor& right) {
      return std::ranges::equal(left.bytes(), right.bytes());
    });
  };
  EXPECT_FALSE(same(alone[0], alone[1]));
  ASSERT_TRUE(harness_->time(input(7), {.max_seconds = 0.1}));
  for (std::size_t slot = 0; slot < Runner::kSlots; ++slot) {
    ASSERT_TRUE(harness_->put(slot, input(static_cast<unsigned>(slot))));
  }
  EXPECT_TRUE(harness_->hello().ahead);
  for (std::size_t slot = 0; slot < Runner::kSlots; ++slot) harness_->line_up(slot);
  for (std::size_t slot = 0; slot < Runner::kSlots; ++slot) ASSERT_TRUE(harness_->infer(slot));
  for (std::size_t slot = 0; slot < Runner::kSlots; ++slot) {
    const auto outputs = harness_->take(slot);
    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_TRUE(same(outputs.value(), alone[slot])) << slot;
  }
  harness_->line_up(1);  // and nobody waits for it
  const auto outputs = harness_->run(input(0));
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_TRUE(same(outputs.value(), alone[0]));
}

TEST_P(Conformance, a_model_loaded_from_what_was_kept_answers_the_same) {
  if (!harness_->hello().keeps) return;
  const fs::path model = model_file(8, "small.onnx");
  const fs::path kept = scratch() / "kept";
  const std::vector<Tensor> inputs{test::random_tensor({1, 3, 32, 32}, 1)};
  ASSERT_TRUE(harness_->load(model, {}));
  const auto expected = harness_->run(inputs);
  ASSERT_TRUE(expected) << expected.error().message;
  const auto done = harness_->keep(kept);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_FALSE(harness_->keep(scratch() / "no such folder" / "kept"));
  for (const bool spoiled : {false, true}) {
    if (spoiled) std::ofstream(kept) << "this was never kept";
    const auto loaded = harness_->load(model, {.kept = kept});
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded.value().inputs.at(0).name, "images");
    const auto outputs = harness_->run(inputs);
    ASSERT_TRUE(outputs) << outputs.error().message;
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_TRUE(std::ranges::equal(outputs.value()[i].bytes(), expected.value()[i].bytes()));
    }
  }
}

TEST_P(Conformance, time_returns_every_sample_and_says_how_it_ended) {
  ASSERT_TRUE(harness_->load(model_file(8, "small.onnx"), {}));
  const auto timing = harness_->time({test::random_tensor({1, 3, 32, 32}, 1)},
                                     {.min_samples = 40, .max_samples = 60, .max_seconds = 10});
  ASSERT_TRUE(timing) << timing.error().message;
  EXPECT_GE(timing.value().samples_ms.size(), 40U);
  EXPECT_LE(timing.value().samples_ms.size(), 60U);
  EXPECT_GE(timing.value().warmup_runs, 16);
  EXPECT_EQ(timing.value().narrow, relative_half_width(timing.value().samples_ms) <= 0.01);
}

TEST_P(Conformance, a_model_with_more_work_takes_longer) {
  const std::vector<Tensor> inputs{test::random_tensor({1, 3, 32, 32}, 1)};
  const auto median = [&](int channels) {
    EXPECT_TRUE(harness_->load(model_file(channels, "width.onnx"), {}));
    return summarize(harness_->time(inputs, {.max_seconds = 2}).value().samples_ms).median;
  };
  const Millis narrow = median(8);
  EXPECT_GT(median(1024), 2 * narrow);
}

TEST_P(Conformance, the_next_model_replaces_the_last_and_unload_forgets_it) {
  ASSERT_TRUE(harness_->load(model_file(8, "small.onnx"), {}));
  ASSERT_TRUE(harness_->load(model_file(16, "wider.onnx"), {}));
  const auto outputs = harness_->run({test::random_tensor({1, 3, 32, 32}, 1)});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(outputs.value()[1].shape(), (Shape{1, 16, 16, 16}));
  ASSERT_TRUE(harness_->unload());
  const auto refused = harness_->time({}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

TEST_P(Conformance, a_refusal_names_the_thing_and_the_harness_goes_on) {
  const auto missing = harness_->load(scratch() / "absent.onnx", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, testing::HasSubstr("absent.onnx"));

  const fs::path rubbish = scratch() / "rubbish.onnx";
  std::ofstream(rubbish) << "this is no model";
  const auto broken = harness_->load(rubbish, {});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(broken.error().message, testing::HasSubstr("rubbish.onnx"));

  const auto device = harness_->load(model_file(8, "small.onnx"), {.device = "Abacus"});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::kUnsupported);

  ASSERT_TRUE(harness_->load(model_file(8, "small.onnx"), {}));
  const auto shape = harness_->run({test::random_tensor({1, 3, 16, 16}, 1)});
  ASSERT_FALSE(shape);
  EXPECT_EQ(shape.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(harness_->run({test::random_tensor({1, 3, 32, 32}, 1)}));
}

TEST_P(Conformance, a_profiled_model_gives_a_time_per_layer_whenever_it_is_timed) {
  const std::vector<Tensor> inputs{test::random_tensor({1, 3, 32, 32}, 1)};
  ASSERT_TRUE(harness_->load(model_file(8, "small.onnx"), {.profile = true}));
  for (int time = 0; time < 2; ++time) {
    const auto timing = harness_->time(inputs, {.max_seconds = 1});
    ASSERT_TRUE(timing) << timing.error().message;
    const std::vector<LayerTime>& layers = timing.value().layers;
    EXPECT_THAT(layers,
                testing::Contains(testing::Field(&LayerTime::type, testing::HasSubstr("Conv"))));
    EXPECT_THAT(layers, testing::Each(testing::Field(&LayerTime::ms, testing::Ge(0.0))));
    double sum = 0;
    for (const LayerTime& layer : layers) sum += layer.ms;
    EXPECT_GT(sum, 0);
  }
  EXPECT_TRUE(harness_->run(inputs));
}

TEST_P(Conformance, the_layers_of_a_profiled_model_are_told_apart_in_the_order_they_ran) {
  const auto loaded = harness_->load(model_file(8, "small.onnx"), {.profile = true});
  ASSERT_TRUE(loaded) << loaded.error().message;
  const auto timing = harness_->time({test::random_tensor({1, 3, 32, 32}, 1)}, {.max_seconds = 1});
  ASSERT_TRUE(timing) << timing.error().message;
  std::set<std::string> names;
  std::vector<std::string> convolutions;
  for (const LayerTime& layer : timing.value().layers) {
    EXPECT_TRUE(names.insert(layer.name).second) << layer.name;
    if (layer.type.find("Conv") != std::string::npos) convolutions.push_back(layer.name);
  }
  ASSERT_EQ(convolutions.size(), 2U);
  EXPECT_THAT(convolutions[1], testing::HasSubstr("boxes"));
}

TEST_P(Conformance, only_a_profiled_model_gives_times_per_layer) {
  const fs::path model = model_file(8, "small.onnx");
  ASSERT_TRUE(harness_->load(model, {.profile = true}));
  ASSERT_TRUE(harness_->load(model, {}));
  const auto timing = harness_->time({test::random_tensor({1, 3, 32, 32}, 1)}, {.max_seconds = 1});
  ASSERT_TRUE(timing) << timing.error().message;
  EXPECT_THAT(timing.value().layers, testing::IsEmpty());
}

TEST_P(Conformance, evidence_holds_versions_and_settings) {
  const auto loaded = harness_->load(model_file(8, "small.onnx"), {});
  ASSERT_TRUE(loaded);
  const auto evidence = nlohmann::json::parse(to_json({.runtime = harness_->hello().runtime,
                                                       .versions = harness_->hello().versions,
                                                       .settings = loaded.value().settings,
                                                       .candidate_sha256 = "ab",
                                                       .cores = {0},
                                                       .machine = host::machine_facts(),
                                                       .before = host::machine_state({0}),
                                                       .after = host::machine_state({0})}));
  EXPECT_TRUE(evidence["versions"].contains(GetParam()));
  EXPECT_FALSE(evidence["settings"].empty());
  EXPECT_NE(evidence["cpu_model"], "");
}

INSTANTIATE_TEST_SUITE_P(Shipped, Conformance, testing::Values("onnxruntime", "openvino"),
                         [](const auto& made) { return std::string(made.param); });

}  // namespace
}  // namespace pare::engine
