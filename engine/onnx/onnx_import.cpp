#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <vector>

#include "engine/graph/convert.h"
#include "engine/graph/messages.h"
#include "engine/onnx/attribute_proto.h"
#include "engine/onnx/extra_inputs.h"
#include "engine/onnx/image_input.h"
#include "engine/onnx/onnx_io.h"
#include "engine/onnx/operator_check.h"
#include "engine/onnx/parse_model.h"
#include "engine/onnx/tensor_proto.h"
#include "engine/onnx/tidy_model.h"

namespace pare::engine {
namespace {

using Done = Result<std::monostate>;

std::string domain_of(const std::string& domain) {
  return domain == "ai.onnx" ? "" : domain;
}

// Builds one Graph from one model; used once.
class Importer {
 public:
  Importer(const onnx::ModelProto& model, const ImportOptions& options, Notes& notes)
      : model_(model), proto_(model.graph()), options_(options), notes_(notes) {}

  Result<Graph> run() {
    graph_.about = read_provenance(model_, notes_);
    for (const auto step :
         {&Importer::read_opsets, &Importer::read_initializers, &Importer::read_nodes,
          &Importer::read_inputs, &Importer::read_outputs}) {
      if (Done done = (this->*step)(); !done) return done.error();
    }
    Result<std::vector<Node>> sorted = sort_topologically(graph_);
    if (!sorted) return sorted.error();
    graph_.nodes = std::move(sorted).value();
    note_names();
    note_what_is_dropped(model_, graph_, notes_);
    return std::move(graph_);
  }

 private:
  Done read_opsets() {
    if (model_.functions_size() > 0) {
      return unsupported("the model defines functions of its own (the first is " +
                         in_quotes(model_.functions(0).name()) + "); export it with them inlined");
    }
    for (const auto& opset : model_.opset_import()) {
      const std::string domain = domain_of(opset.domain());
      if (opset.version() < 1 || opset.version() > 1000) {
        return invalid("opset " + std::to_string(opset.version()) + " of domain " +
                       in_quotes(domain) + " does not exist");
      }
      (domain.empty() ? graph_.opset : graph_.domains[domain]) = static_cast<int>(opset.version());
    }
    if (graph_.opset == 0) return invalid("the model names no opset of the default domain");
    return std::monostate{};
  }

  Done read_initializers() {
    if (proto_.sparse_initializer_size() > 0) {
      return unsupported("constant " + in_quotes(proto_.sparse_initializer(0).values().name()) +
                         " is sparse");
    }
    for (const onnx::TensorProto& tensor : proto_.initializer()) {
      if (Done done = add_constant(tensor.name(), tensor); !done) return done;
    }
    return std::monostate{};
  }

  Done add_constant(const std::string& name, const onnx::TensorProto& proto) {
    Result<Tensor> tensor = tensor_from_proto(proto, "constant " + in_quotes(name));
    if (!tensor) return tensor.error();
    return add_constant(name, std::move(tensor).value());
  }

  Done add_constant(const std::string& name, Tensor tensor) {
    if (!graph_.constants.emplace(name, std::move(tensor)).second) {
      return invalid("constant " + in_quotes(name) + " exists twice");
    }
    return std::monostate{};
  }

  Done read_nodes() {
    if (proto_.node_size() == 0) return invalid("the graph has no nodes");
    for (const onnx::NodeProto& node : proto_.node()) given_names_.insert(node.name());
    for (int i = 0; i < proto_.node_size(); ++i) {
      if (Done done = read_node(proto_.node(i), i); !done) return done;
    }
    return std::monostate{};
  }

  Done read_node(const onnx::NodeProto& proto, int position) {
    Node node;
    node.op = proto.op_type();
    node.domain = domain_of(proto.domain());
    node.name = unique_name(proto, position);
    node.inputs.assign(proto.input().begin(), proto.input().end());
    node.outputs.assign(proto.output().begin(), proto.output().end());
    if (node.op.empty()) return invalid("node " + in_quotes(node.name) + " has no operator type");
    if (!is_plain_text(node.op) || !is_plain_text(node.domain)) {
      return invalid("the operator of node " + in_quotes(node.name) +
                     " is no text: " + in_quotes(node.domain) + ", " + in_quotes(node.op));
    }
    for (const onnx::AttributeProto& attribute : proto.attribute()) {
      Result<Attribute> value =
          attribute_from_proto(attribute, "attribute " + in_quotes(attribute.name()) + " of node " +
                                              in_quotes(node.name));
      if (!value) return value.error();
      if (!node.attributes.emplace(attribute.name(), std::move(value).value()).second) {
        return invalid("node " + in_quotes(node.name) + " has attribute " +
                       in_quotes(attribute.name()) + " twice");
      }
    }
    if (Done done = check_operator(node, graph_.opset); !done) return done;
    if (node.op == "Constant" && node.domain.empty()) return read_constant_node(node);
    graph_.nodes.push_back(std::move(node));
    return std::monostate{};
  }

  // The name in the file, or one of type and position where it has none or another node has it.
  std::string unique_name(const onnx::NodeProto& proto, int position) {
    if (!proto.name().empty() && used_names_.insert(proto.name()).second) return proto.name();
    if (!proto.name().empty()) doubled_.push_back(proto.name());
    if (proto.name().empty()) ++unnamed_;
    std::string name = proto.op_type() + "_" + std::to_string(position);
    while (given_names_.contains(name) || used_names_.contains(name)) name += "_";
    used_names_.insert(name);
    return name;
  }

  void note_names() {
    if (!doubled_.empty()) {
      notes_.push_back("Names of nodes that stand in the file twice: " + some_of(doubled_) +
                       "; the later ones are named by operator and number.");
    }
    if (unnamed_ > 0) {
      notes_.push_back(std::to_string(unnamed_) + " of the " + std::to_string(proto_.node_size()) +
                       " nodes have no name in the file: they are named by operator and number.");
    }
  }

  Done read_constant_node(const Node& node) {
    if (node.outputs.size() != 1 || node.attributes.size() != 1) {
      return invalid("node " + in_quotes(node.name) + " is a Constant without one value");
    }
    const Attribute& value = node.attributes.begin()->second;
    const std::string& output = node.outputs[0];
    if (const auto* tensor = std::get_if<Tensor>(&value)) return add_constant(output, *tensor);
    if (const auto* i = std::get_if<std::int64_t>(&value)) {
      return add_constant(output, Tensor::of<std::int64_t>({}, std::span(i, 1)));
    }
    if (const auto* f = std::get_if<float>(&value)) {
      return add_constant(output, Tensor::of<float>({}, std::span(f, 1)));
    }
    if (const auto* ints = std::get_if<std::vector<std::int64_t>>(&value)) {
      return add_constant(output, Tensor::of<std::int64_t>({std::ssize(*ints)}, *ints));
    }
    if (const auto* floats = std::get_if<std::vector<float>>(&value)) {
      return add_constant(output, Tensor::of<float>({std::ssize(*floats)}, *floats));
    }
    return unsupported("node " + in_quotes(node.name) +
                       " is a Constant of strings or sparse values");
  }

  Done read_inputs() {
    std::vector<const onnx::ValueInfoProto*> inputs;
    for (const onnx::ValueInfoProto& info : proto_.input()) {
      const bool is_weight = graph_.constants.contains(info.name());  // listed as an input, too
      if (!is_weight) inputs.push_back(&info);
    }
    if (inputs.empty()) return invalid("the model has no input");
    const onnx::ValueInfoProto* image = image_among(inputs);
    if (image == nullptr) {
      return unsupported("none of the model's inputs is an image: " + in_quotes(inputs[0]->name()) +
                         " has not four dimensions");
    }
    Result<TensorInfo> input = image_input(*image, options_, notes_);
    if (!input) return input.error();
    graph_.inputs.push_back(std::move(input).value());
    for (const onnx::ValueInfoProto* other : inputs) {
      if (other == image) continue;
      if (Done done = bind(*other); !done) return done;
    }
    return std::monostate{};
  }

  // An input beside the image becomes a constant.
  Done bind(const onnx::ValueInfoProto& input) {
    Result<Tensor> value = bound_value(input, graph_.inputs[0]);
    if (!value) return value.error();
    const Tensor floats = converted(value.value(), DType::kFloat32);
    std::string numbers;
    for (const float number : floats.values<float>()) {
      numbers += (numbers.empty() ? "" : ", ") + std::to_string(std::lround(number));
    }
    notes_.push_back("Input " + in_quotes(input.name()) + " is bound to (" + numbers +
                     "), for an image that fills " + in_quotes(graph_.inputs[0].name) +
                     ": candidates have no such input.");
    return add_constant(input.name(), std::move(value).value());
  }

  Done read_outputs() {
    for (const onnx::ValueInfoProto& info : proto_.output()) {
      Result<DType> dtype = element_type(info, "output " + in_quotes(info.name()));
      if (!dtype) return dtype.error();
      Shape shape;
      for (const auto& dimension : info.type().tensor_type().shape().dim()) {
        const bool known = dimension.has_dim_value() && dimension.dim_value() > 0;
        shape.push_back(known ? dimension.dim_value() : kAnySize);
      }
      graph_.outputs.push_back({info.name(), dtype.value(), std::move(shape)});
    }
    if (graph_.outputs.empty()) return invalid("the model has no output");
    return std::monostate{};
  }

  const onnx::ModelProto& model_;
  const onnx::GraphProto& proto_;
  const ImportOptions& options_;
  Notes& notes_;
  Graph graph_;
  std::set<std::string> given_names_;
  std::set<std::string> used_names_;
  std::vector<std::string> doubled_;
  int unnamed_ = 0;
};

}  // namespace

Result<ImportedModel> read_onnx(std::span<const std::byte> bytes, const ImportOptions& options) {
  Result<onnx::ModelProto> parsed = parse_model(bytes);
  if (!parsed) return parsed.error();
  onnx::ModelProto model = std::move(parsed).value();
  ImportedModel imported;
  if (Done tidy = tidy_names(model, imported.notes); !tidy) return tidy.error();
  Result<Graph> graph = Importer(model, options, imported.notes).run();
  if (!graph) return graph.error();
  imported.graph = std::move(graph).value();
  return imported;
}

Result<Graph> import_onnx(std::span<const std::byte> bytes, const ImportOptions& options) {
  Result<ImportedModel> imported = read_onnx(bytes, options);
  if (!imported) return imported.error();
  return std::move(imported).value().graph;
}

Result<Provenance> provenance_of(std::span<const std::byte> bytes) {
  const Result<onnx::ModelProto> model = parse_model(bytes);
  if (!model) return model.error();
  Notes notes;  // read_onnx() says them
  return read_provenance(model.value(), notes);
}

namespace {

Result<std::string> read_model(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);  // an error for a folder too
  if (!error && size > kMostModelBytes) return too_large_a_model(size);
  std::string bytes(error ? 0 : size, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), std::ssize(bytes));
  if (error || !file) return Error{ErrorCode::kNotFound, path.string() + " cannot be read"};
  return bytes;
}

}  // namespace

Result<Provenance> provenance_of_file(const std::filesystem::path& path) {
  const auto bytes = read_model(path);
  if (!bytes) return bytes.error();
  return provenance_of(std::as_bytes(std::span(bytes.value())));
}

Result<Graph> import_onnx_file(const std::filesystem::path& path, const ImportOptions& options) {
  const auto bytes = read_model(path);
  if (!bytes) return bytes.error();
  Result<Graph> graph = import_onnx(std::as_bytes(std::span(bytes.value())), options);
  if (!graph) return Error{graph.error().code, path.string() + ": " + graph.error().message};
  return graph;
}

}  // namespace pare::engine
