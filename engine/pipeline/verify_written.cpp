#include "engine/pipeline/verify_written.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/executor/openvino_runner.h"
#include "engine/graph/messages.h"
#include "engine/onnx/onnx_check.h"
#include "engine/onnx/onnx_io.h"

namespace pare::engine {
namespace {

using Done = Result<std::monostate>;

Error unlike(const std::string& what) {
  return {ErrorCode::kInternal, "the ONNX file that was written is not what it should be: " + what};
}

std::string tensor_text(const TensorInfo& info) {
  return in_quotes(info.name) + " (" + std::string(name_of(info.dtype)) +
         (info.shape.empty() ? "" : ", " + to_string(info.shape)) + ")";
}

std::string names_of(const std::vector<TensorInfo>& all) {
  std::string names;
  for (const TensorInfo& info : all) names += (names.empty() ? "" : ", ") + in_quotes(info.name);
  return names;
}

// An empty shape is not compared, nor is a dimension of any size.
bool agree(const Shape& written, const Shape& wanted) {
  if (written.empty() || wanted.empty()) return true;
  return std::ranges::equal(written, wanted, [](std::int64_t a, std::int64_t b) {
    return a == b || a == kAnySize || b == kAnySize;
  });
}

bool agree(const TensorInfo& written, const TensorInfo& wanted) {
  return written.name == wanted.name && written.dtype == wanted.dtype &&
         agree(written.shape, wanted.shape);
}

Done check_edges(const char* what, const std::vector<TensorInfo>& written,
                 const std::vector<TensorInfo>& wanted) {
  if (written.size() != wanted.size()) {
    return unlike("its " + std::string(what) + "s are " + names_of(written) + ", those wanted " +
                  names_of(wanted));
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (agree(written[i], wanted[i])) continue;
    return unlike(std::string(what) + " " + tensor_text(written[i]) + " should be " +
                  tensor_text(wanted[i]));
  }
  return std::monostate{};
}

Tensor zeros(const TensorInfo& info) {
  const auto bytes = static_cast<std::size_t>(element_count(info.shape)) * size_of(info.dtype);
  return Tensor(info.dtype, info.shape, std::vector<std::byte>(bytes));
}

// What it computes, against what it declares and what is wanted.
Done check_run(const Graph& written, const FileInterface& wanted) {
  auto runner = make_openvino_runner(written, {}, {.briefly = true});
  if (!runner) return runner.error();
  std::vector<Tensor> inputs;
  for (const TensorInfo& input : written.inputs) inputs.push_back(zeros(input));
  const auto outputs = runner.value()->run(inputs);
  if (!outputs) return outputs.error();
  std::vector<TensorInfo> computed;
  for (std::size_t i = 0; i < written.outputs.size(); ++i) {
    const Tensor& output = outputs.value().at(i);
    computed.push_back({written.outputs[i].name, output.dtype(), output.shape()});
  }
  if (auto same = check_edges("computed output", computed, written.outputs); !same) return same;
  return check_edges("computed output", computed, wanted.outputs);
}

}  // namespace

FileInterface interface_of(const Graph& graph, const Observation& observed) {
  FileInterface file{graph.inputs, graph.outputs};
  for (TensorInfo& output : file.outputs) {
    const auto shape = observed.shapes.find(output.name);
    if (shape == observed.shapes.end() || shape->second != output.shape) output.shape.clear();
  }
  return file;
}

Done verify_written(std::span<const std::byte> onnx, const FileInterface& wanted) {
  if (auto sound = check_onnx(onnx); !sound) return sound;
  const auto written = import_onnx(onnx);
  if (!written) return written.error();
  const Graph& graph = written.value();
  if (auto same = check_edges("input", graph.inputs, wanted.inputs); !same) return same;
  if (auto same = check_edges("output", graph.outputs, wanted.outputs); !same) return same;
  auto runs = check_run(graph, wanted);
  if (runs || runs.error().code == ErrorCode::kInternal) return runs;
  return Error{runs.error().code, "the candidate cannot be run: " + runs.error().message};
}

}  // namespace pare::engine
