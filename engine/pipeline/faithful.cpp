#include "engine/pipeline/faithful.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <utility>

#include "engine/executor/file_runner.h"
#include "engine/executor/openvino_runner.h"
#include "engine/graph/convert.h"
#include "engine/graph/messages.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/float_runner.h"

namespace pare::engine {
namespace {

using Runs = std::vector<NamedTensors>;  // one an image

// Folding and another order of additions change the last digits; a float16 file rounds on its way.
constexpr double kTolerance = 1e-3;
constexpr double kHalfDifference = 0.1;
constexpr double kEqualShare = 0.99;  // of the elements of an output of integers

// Which of equals they take depends on the last digit.
bool chooses(const Node& node) {
  static const std::set<std::string_view> kOps = {"TopK",       "NonMaxSuppression",
                                                  "ArgMax",     "ArgMin",
                                                  "NonZero",    "Round",
                                                  "Floor",      "Ceil",
                                                  "Sign",       "Unique",
                                                  "Greater",    "Less",
                                                  "Equal",      "GreaterOrEqual",
                                                  "LessOrEqual"};
  return kOps.contains(node.op);
}

Tensor image_of(const std::vector<double>& pixels, const ModelCard& card) {
  std::vector<float> values;
  const std::size_t plane = pixels.size() / 3;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::size_t channel = i / plane;
    values.push_back(static_cast<float>((pixels[i] - card.preprocessing.mean[channel]) /
                                        card.preprocessing.std[channel]));
  }
  return Tensor::of<float>({1, 3, card.height, card.width}, values);
}

std::vector<Tensor> images_for(const ModelCard& card, const Graph& model) {
  std::mt19937 random(1);
  std::vector<double> noise, smooth;
  for (int channel = 0; channel < 3; ++channel) {
    for (int y = 0; y < card.height; ++y) {
      for (int x = 0; x < card.width; ++x) {
        noise.push_back(static_cast<double>(random() % 256));
        smooth.push_back(
            std::floor(127.5 + 100 * std::sin(0.05 * (channel + 1) * x) * std::cos(0.03 * y)));
      }
    }
  }
  return {as_input_of(model, image_of(noise, card)), as_input_of(model, image_of(smooth, card))};
}

// The axis whose entries are compared each by its own range: classes and coordinates differ by
// orders of magnitude.
std::size_t column_axis(const Shape& shape) {
  if (shape.size() < 3) return shape.size();
  if (shape.size() == 3 && shape[2] < shape[1]) return 2;
  return 1;
}

struct Column {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double difference = 0;
};

// REQUIRES: float32, equal shapes.
double difference_of_floats(const Tensor& theirs, const Tensor& ours) {
  const Shape& shape = theirs.shape();
  const std::size_t axis = column_axis(shape);
  const bool whole = axis == shape.size();
  const auto count = static_cast<std::size_t>(whole ? 1 : shape[axis]);
  const auto inner =
      static_cast<std::size_t>(whole ? 1 : element_count(std::span(shape).subspan(axis + 1)));
  std::vector<Column> columns(count);
  const auto wanted = theirs.values<float>();
  const auto got = ours.values<float>();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double w = wanted[i], g = got[i];
    if (!std::isfinite(w) && (std::isnan(w) ? std::isnan(g) : w == g)) continue;
    if (!std::isfinite(w) || !std::isfinite(g)) return std::numeric_limits<double>::infinity();
    Column& column = columns[i / inner % count];
    column.low = std::min(column.low, w);
    column.high = std::max(column.high, w);
    column.difference = std::max(column.difference, std::abs(w - g));
  }
  double worst = 0;
  for (const Column& column : columns) {
    const double size = std::max(std::abs(column.low), std::abs(column.high));
    const double range = std::max({column.high - column.low, 1e-3 * size, 1e-4});
    worst = std::max(worst, std::isfinite(size) ? column.difference / range : 0);
  }
  return worst;
}

// 0 for integers of which enough are equal, otherwise the share that is not.
double difference_of_integers(const Tensor& theirs, const Tensor& ours) {
  const std::size_t width = size_of(theirs.dtype());
  const auto a = theirs.bytes(), b = ours.bytes();
  std::size_t equal = 0;
  const std::size_t count = a.size() / width;
  for (std::size_t i = 0; i < count; ++i) {
    equal += std::ranges::equal(a.subspan(i * width, width), b.subspan(i * width, width)) ? 1 : 0;
  }
  const double share = count == 0 ? 1 : static_cast<double>(equal) / static_cast<double>(count);
  return share >= kEqualShare ? 0 : 1 - share;
}

using OutputDistance = double (*)(const Tensor& theirs, const Tensor& ours);

double difference_of(const Tensor& theirs, const Tensor& ours) {
  const Tensor wanted = with_float32(theirs);
  const Tensor got = with_float32(ours);
  if (wanted.shape() != got.shape()) return std::numeric_limits<double>::infinity();
  if (wanted.dtype() == DType::kFloat32 && got.dtype() == DType::kFloat32) {
    return difference_of_floats(wanted, got);
  }
  // A runtime may count in another width.
  return difference_of_integers(converted(wanted, DType::kInt64), converted(got, DType::kInt64));
}

// Of an int8 file, which rounds in every layer: single elements may be anything, and all of them
// together are not.  Root mean square, as a share of the output's standard deviation.
double difference_but_for_rounding(const Tensor& theirs, const Tensor& ours) {
  const Tensor wanted = converted(theirs, DType::kFloat32);
  const Tensor got = converted(ours, DType::kFloat32);
  if (wanted.shape() != got.shape()) return std::numeric_limits<double>::infinity();
  double sum = 0, squares = 0, error = 0;
  for (std::size_t i = 0; i < wanted.values<float>().size(); ++i) {
    const double w = wanted.values<float>()[i], d = w - got.values<float>()[i];
    sum += w;
    squares += w * w;
    error += d * d;
  }
  const auto count = static_cast<double>(std::max<std::int64_t>(wanted.size(), 1));
  const double variance = squares / count - (sum / count) * (sum / count);
  const double share = std::sqrt(error / count / std::max(variance, 1e-12));
  return std::isfinite(share) ? share : std::numeric_limits<double>::infinity();
}

Result<Runs> run_graph(const Graph& graph, const std::vector<Tensor>& inputs,
                       const std::vector<std::string>& wanted = {}) {
  const auto runner = make_openvino_runner(graph, wanted);
  if (!runner) return runner.error();
  Runs runs;
  for (const Tensor& input : inputs) {
    auto made = runner.value()->run({input});
    if (!made) return made.error();
    NamedTensors named;
    for (std::size_t i = 0; i < made.value().size(); ++i) {
      named.emplace(runner.value()->output_names()[i], made.value()[i]);
    }
    runs.push_back(std::move(named));
  }
  return runs;
}

Result<Runs> run_elsewhere(const OtherRuntime& other, const std::vector<Tensor>& inputs) {
  auto harness = Harness::start(other.harness);
  if (!harness) return harness.error();
  if (auto loaded = harness.value()->load(other.file, {}); !loaded) return loaded.error();
  Runs runs;
  for (const Tensor& input : inputs) {
    auto made = harness.value()->run({input});
    if (!made) return made.error();
    NamedTensors named;
    for (std::size_t i = 0; i < made.value().size(); ++i) {
      named.emplace(harness.value()->output_names()[i], made.value()[i]);
    }
    runs.push_back(std::move(named));
  }
  return runs;
}

// The largest difference of one tensor over the images; empty where one of the two has none.
std::optional<double> difference_over(const Runs& theirs, const Runs& ours, const std::string& name,
                                      OutputDistance difference = difference_of) {
  double worst = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto wanted = theirs[i].find(name);
    const auto got = ours[i].find(name);
    if (wanted == theirs[i].end() || got == ours[i].end()) return std::nullopt;
    worst = std::max(worst, difference(wanted->second, got->second));
  }
  return worst;
}

std::vector<std::string> tensors_made_in(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) {
    for (const std::string& output : node.outputs) {
      if (!output.empty()) names.push_back(output);
    }
  }
  return names;
}

// The first node whose output differs though what it reads does not; null where all comes from a
// choice between equals.
const Node* first_to_differ(const Graph& graph, const Runs& theirs, const Runs& ours,
                            double tolerance) {
  std::set<std::string> chosen;  // otherwise, or made from what was
  for (const Node& node : graph.nodes) {
    const auto read = tensors_read(node);
    bool is_chosen =
        std::ranges::any_of(read, [&](const std::string& name) { return chosen.contains(name); });
    for (const std::string& output : node.outputs) {
      const auto difference = is_chosen ? std::nullopt : difference_over(theirs, ours, output);
      if (!difference || *difference <= tolerance) continue;
      if (!chooses(node)) return &node;
      is_chosen = true;
    }
    if (is_chosen) chosen.insert(node.outputs.begin(), node.outputs.end());
  }
  return nullptr;
}

std::string in_short(double difference) {
  std::ostringstream text;
  text.precision(2);
  text << difference;
  return text.str();
}

Error changed(const std::string& what, const std::string& runtime, double difference) {
  return {ErrorCode::kInternal,
          what + " computes something else than in the uploaded file (on " + runtime +
              ", outputs differ by " + in_short(difference) +
              " of their range): the file was changed while it was read, and is not compressed"};
}

// Runs both once more with every tensor exposed.
Result<std::monostate> locate(std::span<const std::byte> onnx, const Graph& file,
                              const Graph& rewritten, const std::vector<Tensor>& inputs,
                              double tolerance, double difference) {
  const std::vector<std::string> names = tensors_made_in(rewritten);
  const auto theirs = run_file(onnx, file, inputs, names);
  if (!theirs) return theirs.error();
  const auto ours = run_graph(rewritten, inputs, names);
  if (!ours) return ours.error();
  const Node* node = first_to_differ(rewritten, theirs.value(), ours.value(), tolerance);
  if (node == nullptr) return std::monostate{};
  return changed(describe(*node), "OpenVINO", difference);
}

// What the runs differ by, worst of the outputs, and where.
struct Worst {
  std::string output;
  double difference = 0;
  std::vector<std::string> missing;
};

Worst worst_of(const Graph& rewritten, const Runs& theirs, const Runs& ours,
               OutputDistance distance) {
  Worst worst;
  for (const TensorInfo& output : rewritten.outputs) {
    const auto difference = difference_over(theirs, ours, output.name, distance);
    if (!difference) worst.missing.push_back(output.name);
    if (!difference || *difference <= worst.difference) continue;
    worst.output = output.name;
    worst.difference = *difference;
  }
  return worst;
}

}  // namespace

Result<std::vector<std::string>> check_faithful(const Detector& detector,
                                                std::span<const std::byte> onnx,
                                                const std::optional<OtherRuntime>& other) {
  const ModelCard& card = detector.card;
  const auto file = import_onnx(onnx, {.input_size = std::pair(card.height, card.width)});
  if (!file) return file.error();
  auto attached = attach_head(detector.body, detector.head);
  if (!attached) return attached.error();
  const Graph rewritten = with_edge_types(std::move(attached).value(), detector.edges);
  const auto inputs = images_for(card, rewritten);
  const auto ours = run_graph(rewritten, inputs);
  if (!ours) return ours.error();

  std::string runtime = "OpenVINO";
  auto theirs = run_file(onnx, file.value(), inputs);
  const std::string why_not = theirs ? "" : theirs.error().message;
  if (!theirs && other) {
    runtime = other->harness.name;
    theirs = run_elsewhere(*other, inputs);
  }
  if (!theirs) {
    return std::vector<std::string>{
        "Not compared with the uploaded file, which cannot be run here (" + why_not +
        (other ? "; " + theirs.error().message : "") + ")."};
  }
  const double tolerance = detector.edges.narrow ? kHalfDifference : kTolerance;
  const Worst worst = worst_of(rewritten, theirs.value(), ours.value(),
                               detector.was_int8 ? difference_but_for_rounding : difference_of);
  std::vector<std::string> notes;
  if (detector.was_int8) {
    // No measure of the rewriting: how far a file's own rounding takes it is the processor's, too.
    notes.push_back("Compared with the uploaded file on " + runtime +
                    ", which rounds to int8: " + "outputs differ by " + in_short(worst.difference) +
                    " of their standard deviation, root mean square.");
  } else if (worst.difference > tolerance) {
    if (!why_not.empty()) {
      return changed("output " + in_quotes(worst.output), runtime, worst.difference);
    }
    auto located = locate(onnx, file.value(), rewritten, inputs, tolerance, worst.difference);
    if (!located) return located.error();
    notes.push_back(
        "Compared with the uploaded file on OpenVINO: equal up to choices between "
        "equal values, after which output " +
        in_quotes(worst.output) + " differs.");
  } else {
    notes.push_back("Compared with the uploaded file on " + runtime +
                    ": outputs differ by at most " + in_short(worst.difference) +
                    " of their range.");
  }
  for (const std::string& output : worst.missing) {
    notes.push_back("Output " + in_quotes(output) + " was not compared with the uploaded file.");
  }
  return notes;
}

}  // namespace pare::engine
