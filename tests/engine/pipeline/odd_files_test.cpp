// Sixty odd files: element types, layouts, opsets, tails and names as somebody's exporter leaves
// them.  None ends later than at inspection: what was understood there can be prepared, narrowed
// and quantized, and what is refused is refused with a reason.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <random>

#include "engine/pipeline/try_out.h"
#include "tests/engine/pipeline/uploaded_file.h"

namespace pare::engine {
namespace {

using onnx::ModelProto;
using onnx::NodeProto;

constexpr int kFiles = 60;

// One file for each seed.
class OddFile {
 public:
  explicit OddFile(unsigned seed)
      : random_(seed), b_(seed, std::array{11, 12, 13, 14, 16, 18, 20, 22}[pick(8)]) {}

  std::string bytes() {
    std::string x = input();
    std::string skip = x = b_.relu(b_.conv(x, {.channels = 16, .stride = 2}));
    for (int i = 1 + pick(3); i > 0; --i) x = block(x);
    const std::string deep = b_.relu(b_.conv(b_.max_pool(x, 3, 2), {.channels = 24}));
    if (coin()) x = b_.concat({x, b_.upsample(deep)});
    tail(coin() ? x : deep);
    if (pick(3) == 0) tail(x);
    Graph graph = b_.build();
    if (pick(4) == 0) graph = test::in_type(graph, coin() ? DType::kFloat16 : DType::kFloat64);
    ModelProto model;
    PARE_CHECK(model.ParseFromString(export_onnx(graph)), "the odd file is no model");
    spoil(model);
    return model.SerializeAsString();
  }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  bool coin() { return pick(2) == 0; }

  std::string input() {
    if (pick(4) != 0) return b_.input({1, 3, 64, 64}, coin() ? "images" : "x/y z:0");
    return b_.transpose(b_.input({1, 64, 64, 3}, "image:0"), {0, 3, 1, 2});
  }

  std::string block(const std::string& x) {
    const int channels = static_cast<int>(b_.shape(x)[1]);
    switch (pick(6)) {
      case 0: return b_.add(x, b_.relu(b_.conv(x, {.channels = channels})));
      case 1: return b_.silu(b_.conv(x, {.channels = 32, .kernel = 1}));
      case 2: {
        const auto slim = b_.relu(b_.conv(x, {.channels = channels, .groups = channels}));
        return b_.relu(b_.conv(slim, {.channels = 24, .kernel = 1}));
      }
      case 3: return b_.concat({b_.conv(x, {.channels = 8}), b_.slice(x, 1, 0, channels / 2)});
      case 4: return b_.channel_shuffle(b_.relu(b_.conv(x, {.channels = 16})), 2);
      default: return b_.relu(b_.batch_norm(b_.conv(x, {.channels = 16, .bias = false})));
    }
  }

  void tail(const std::string& x) {
    const std::string maps = b_.conv(x, {.channels = 6, .kernel = 1});
    const Shape shape = b_.shape(maps);
    const std::string rows = b_.transpose(b_.reshape(maps, {1, 6, shape[2] * shape[3]}), {0, 2, 1});
    switch (pick(6)) {
      case 0: return b_.output(maps);
      case 1: return b_.output(b_.sigmoid(maps));
      case 2: return b_.output(rows);
      case 3:
        b_.output(b_.node("Softmax", {rows}, {b_.shape(rows)}, {{"axis", std::int64_t{2}}})[0]);
        return;
      case 4:
        b_.output(rows);
        b_.output(b_.node("ReduceMax", {maps}, {{1, 1, 1, 1}})[0]);
        return;
      default: return b_.output(b_.slice(rows, 2, 0, 4));
    }
  }

  // What an exporter does to names and declared sizes.
  void spoil(ModelProto& model) {
    auto& nodes = *model.mutable_graph()->mutable_node();
    const int how = pick(5);
    for (NodeProto& node : nodes) {
      if (how == 0) node.clear_name();
      if (how == 1) node.set_name("same");
      if (how == 2) node.set_name("/Größe \"雪\"\\" + node.name());
      if (how == 3) node.set_name(std::string(300, 'n') + node.name());
    }
    if (coin())
      model.mutable_graph()
          ->mutable_input(0)
          ->mutable_type()
          ->mutable_tensor_type()
          ->mutable_shape()
          ->mutable_dim(0)
          ->set_dim_param("N");
    if (pick(4) == 0) {
      for (auto& output : *model.mutable_graph()->mutable_output()) {
        output.mutable_type()->mutable_tensor_type()->clear_shape();
      }
    }
    if (coin()) model.mutable_graph()->mutable_value_info()->Clear();
    if (coin()) model.mutable_graph()->clear_name();
  }

  std::mt19937 random_;
  test::GraphBuilder b_;
};

// Why the file cannot be used, said at inspection; nullopt: it can.
std::optional<Error> inspected(const std::string& onnx, std::optional<Detector>& detector,
                               ModelSummary& summary) {
  auto opened = open_detector(test::bytes_of(onnx), PartialCard{});
  if (!opened) return opened.error();
  detector = std::move(opened).value();
  auto known = summarize(*detector, test::bytes_of(onnx));
  if (!known) return known.error();
  summary = std::move(known).value();
  auto tried = try_out(*detector);
  if (!tried) return tried.error();
  summary.tried = std::move(tried).value();
  return std::nullopt;
}

// Builds what a search may ask of a model that was inspected.
void expect_built(const Detector& detector, const ModelSummary& summary) {
  const int height = summary.card.height;
  const int width = summary.card.width;
  const auto noise = [&](std::size_t, int h, int w) -> Result<Tensor> {
    return noise_image(summary.card, h, w);
  };
  const auto prepared = prepare(detector, 2, noise, {.resolutions = {{height, width}}},
                                [](double, const std::string&) {});
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_TRUE(prepared.value().left_out.empty());
  Plan plan;
  plan.height = height;
  plan.width = width;
  const auto whole = build_candidate(detector, prepared.value().file, plan);
  ASSERT_TRUE(whole) << whole.error().message;
  for (const ChannelGroup& group : summary.groups) {
    if (group.widths.size() > 1) plan.widths[group.name] = group.widths.front();
  }
  const auto narrow = build_candidate(detector, prepared.value().file, plan);
  ASSERT_TRUE(narrow) << narrow.error().message;
  EXPECT_TRUE(plan.widths.empty() || narrow.value().cost.macs < whole.value().cost.macs);
  if (!summary.tried->why_no_int8.empty()) return;
  plan.quantization = QuantizationPlan{};
  const auto int8 = build_candidate(detector, prepared.value().file, plan);
  EXPECT_TRUE(int8) << int8.error().message;
}

TEST(OddFiles, end_at_inspection_with_a_reason_or_never) {
  int used = 0;
  for (int seed = 1; seed <= kFiles; ++seed) {
    SCOPED_TRACE(seed);
    std::optional<Detector> detector;
    ModelSummary summary;
    const auto refused = inspected(OddFile(static_cast<unsigned>(seed)).bytes(), detector, summary);
    if (!refused) {
      ++used;
      expect_built(*detector, summary);
      continue;
    }
    EXPECT_TRUE(refused->code == ErrorCode::kUnsupported ||
                refused->code == ErrorCode::kInvalidArgument)
        << refused->message;
    EXPECT_GT(refused->message.size(), 10U);
    RecordProperty("refused " + std::to_string(seed), refused->message);
  }
  EXPECT_GE(used, kFiles * 3 / 4) << "refusals make it easy to pass";
}

}  // namespace
}  // namespace pare::engine
