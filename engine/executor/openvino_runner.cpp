#include "engine/executor/openvino_runner.h"

#include <algorithm>
#include <map>
#include <openvino/core/version.hpp>
#include <optional>
#include <utility>

#include "engine/executor/openvino_model.h"
#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

// Where one wanted tensor comes from: exactly one of the three.
struct Source {
  std::optional<std::size_t> result;  // of the compiled model
  std::optional<std::size_t> input;   // of run()
  Tensor constant;
};

struct Wanted {
  std::vector<std::string> names;
  std::vector<Source> sources;
  std::vector<std::string> exposed;  // what OpenVINO has to make, each once
};

Result<Wanted> sort_out(const Graph& graph, std::vector<std::string> names) {
  if (names.empty()) {
    for (const TensorInfo& output : graph.outputs) names.push_back(output.name);
  }
  const Edges edges = edges_of(graph);
  std::map<std::string, std::size_t> place;
  Wanted wanted;
  for (const std::string& name : names) {
    Source source;
    const auto input = std::ranges::find(graph.inputs, name, &TensorInfo::name);
    if (const auto constant = graph.constants.find(name); constant != graph.constants.end()) {
      source.constant = constant->second;
    } else if (input != graph.inputs.end()) {
      source.input = static_cast<std::size_t>(input - graph.inputs.begin());
    } else if (edges.producer.contains(name)) {
      const auto [at, is_new] = place.emplace(name, wanted.exposed.size());
      if (is_new) wanted.exposed.push_back(name);
      source.result = at->second;
    } else {
      return invalid("tensor " + in_quotes(name) + " was asked for but is not in the graph");
    }
    wanted.sources.push_back(std::move(source));
  }
  wanted.names = std::move(names);
  return wanted;
}

Tensor copy_of(const ov::Tensor& result, DType dtype) {
  const auto* begin = static_cast<const std::byte*>(result.data());
  const ov::Shape& dimensions = result.get_shape();
  return Tensor(dtype, Shape(dimensions.begin(), dimensions.end()),
                std::vector<std::byte>(begin, begin + result.get_byte_size()));
}

class OpenVinoRunner final : public Runner {
 public:
  // `request` is empty if OpenVINO has nothing to make.
  OpenVinoRunner(Graph graph_without_weights, Wanted wanted,
                 std::optional<ov::InferRequest> request)
      : graph_(std::move(graph_without_weights)),
        wanted_(std::move(wanted)),
        request_(std::move(request)) {
    if (request_) ports_ = request_->get_compiled_model().inputs();
  }

  const std::vector<std::string>& output_names() const override { return wanted_.names; }
  std::string version() const override { return executor_version(); }

  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) override {
    if (auto checked = check(inputs); !checked) return checked.error();
    std::vector<Tensor> made;
    if (request_) {
      Result<std::vector<Tensor>> results = compute(inputs);
      if (!results) return results;
      made = std::move(results).value();
    }
    std::vector<Tensor> outputs;
    outputs.reserve(wanted_.sources.size());
    for (const Source& source : wanted_.sources) {
      outputs.push_back(source.result  ? made[*source.result]
                        : source.input ? inputs[*source.input]
                                       : source.constant);
    }
    return outputs;
  }

 private:
  Result<std::monostate> check(const std::vector<Tensor>& inputs) const {
    if (inputs.size() != graph_.inputs.size()) {
      return invalid("the graph has " + std::to_string(graph_.inputs.size()) + " inputs, " +
                     std::to_string(inputs.size()) + " were given");
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const TensorInfo& info = graph_.inputs[i];
      if (inputs[i].shape() == info.shape && inputs[i].dtype() == info.dtype) continue;
      return invalid("input " + in_quotes(info.name) + " is " + to_string(info.shape) + " of " +
                     std::string(name_of(info.dtype)) + ", given was " +
                     to_string(inputs[i].shape()) + " of " +
                     std::string(name_of(inputs[i].dtype())));
    }
    return std::monostate{};
  }

  // By name: OpenVINO leaves out an input that its results turn out not to need.
  std::optional<ov::Output<const ov::Node>> port_of(const std::string& name) const {
    for (const auto& port : ports_) {
      if (port.get_names().contains(name)) return port;
    }
    return std::nullopt;
  }

  Result<std::vector<Tensor>> compute(const std::vector<Tensor>& inputs) {
    try {
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto port = port_of(graph_.inputs[i].name);
        if (!port) continue;
        const ov::Shape shape(inputs[i].shape().begin(), inputs[i].shape().end());
        const void* data = inputs[i].bytes().data();
        request_->set_tensor(*port, ov::Tensor(dtype_to_openvino(inputs[i].dtype()), shape, data));
      }
      request_->infer();
      std::vector<Tensor> results;
      for (std::size_t i = 0; i < wanted_.exposed.size(); ++i) {
        const ov::Tensor result = request_->get_output_tensor(i);
        const std::optional<DType> dtype = dtype_from_openvino(result.get_element_type());
        if (!dtype) {
          return unsupported("tensor " + in_quotes(wanted_.exposed[i]) + " has element type " +
                             result.get_element_type().to_string());
        }
        results.push_back(copy_of(result, *dtype));
      }
      return results;
    } catch (const std::exception& error) {
      return openvino_error(graph_, error.what());
    }
  }

  Graph graph_;  // its constants are left out
  Wanted wanted_;
  std::optional<ov::InferRequest> request_;
  std::vector<ov::Output<const ov::Node>> ports_;
};

// Left alone, OpenVINO would compute in bfloat16 where the processor has it.  Threads are not
// pinned: several runners share a machine, and each would choose the same first cores.
ov::AnyMap settings_for(const ExecutorOptions& options) {
  ov::AnyMap settings{ov::hint::inference_precision(ov::element::f32),
                      ov::hint::execution_mode(ov::hint::ExecutionMode::ACCURACY),
                      ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
                      ov::inference_num_threads(options.threads),
                      ov::num_streams(1),
                      ov::hint::enable_cpu_pinning(false)};
  if (!options.cache.empty()) settings.insert(ov::cache_dir(options.cache.string()));
  return settings;
}

// No fused int8 kernels and no code made for chains of small operators: two thirds of the time that
// an int8 detector takes to compile.  Both names are OpenVINO's own and in none of its documents;
// nullopt where it does not know them, or cannot compile the graph so.
std::optional<ov::InferRequest> compile_briefly(ov::Core& core,
                                                const std::shared_ptr<ov::Model>& model,
                                                ov::AnyMap settings) {
  settings["LP_TRANSFORMS_MODE"] = "NO";
  settings["SNIPPETS_MODE"] = "DISABLE";
  try {
    return core.compile_model(model, "CPU", settings).create_infer_request();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

Result<ov::InferRequest> compile(const Graph& graph, const Wanted& wanted,
                                 const ExecutorOptions& options) {
  const auto model = read_openvino_model(graph, wanted.exposed);
  if (!model) return model.error();
  try {
    ov::Core core;
    const ov::AnyMap settings = settings_for(options);
    if (options.briefly) {
      if (auto request = compile_briefly(core, model.value(), settings)) return *request;
    }
    return core.compile_model(model.value(), "CPU", settings).create_infer_request();
  } catch (const std::exception& error) {
    return openvino_error(graph, error.what());
  }
}

}  // namespace

Result<std::unique_ptr<Runner>> make_openvino_runner(const Graph& graph,
                                                     std::vector<std::string> wanted,
                                                     const ExecutorOptions& options) {
  Result<Wanted> sorted = sort_out(graph, std::move(wanted));
  if (!sorted) return sorted.error();
  std::optional<ov::InferRequest> request;
  if (!sorted.value().exposed.empty()) {
    Result<ov::InferRequest> compiled = compile(graph, sorted.value(), options);
    if (!compiled) return compiled.error();
    request = std::move(compiled).value();
  }
  Graph without_weights = graph;
  without_weights.constants.clear();
  return std::unique_ptr<Runner>(std::make_unique<OpenVinoRunner>(
      std::move(without_weights), std::move(sorted).value(), std::move(request)));
}

std::string executor_version() {
  return ov::get_openvino_version().buildNumber;
}

}  // namespace pare::engine
