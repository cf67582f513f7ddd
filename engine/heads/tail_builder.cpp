#include "engine/heads/tail_builder.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace pare::engine {
namespace {

Error bad(const std::string& what) {
  return Error{ErrorCode::kInvalidArgument, "no decode tail can stand on this body: " + what};
}

}  // namespace

Result<TailBuilder> TailBuilder::on(Graph body, std::span<const HeadLevel> levels, SizesOf sizes) {
  if (levels.empty()) return bad("the head has no levels");
  if (body.inputs.size() != 1) {
    return bad("it has " + std::to_string(body.inputs.size()) + " inputs, not one");
  }
  const TensorInfo& input = body.inputs.front();
  if (input.shape.size() != 4) {
    return bad("its input \"" + input.name + "\" has " + std::to_string(input.shape.size()) +
               " dimensions, not 4");
  }
  const std::int64_t height = input.shape[2];
  const std::int64_t width = input.shape[3];
  const Edges edges = edges_of(body);
  for (const HeadLevel& level : levels) {
    const bool whole = level.stride > 0 && height % level.stride == 0 && width % level.stride == 0;
    if (level.stride < 1 || height < 1 || width < 1 || (sizes != SizesOf::kAny && !whole)) {
      return bad("its input is " + std::to_string(height) + " x " + std::to_string(width) +
                 ", not a multiple of the stride " + std::to_string(level.stride));
    }
    for (const std::string& tensor : level.tensors) {
      if (!edges.producer.contains(tensor)) return bad("no node makes \"" + tensor + "\"");
    }
  }
  return TailBuilder(std::move(body), height, width);
}

Node& TailBuilder::append(const std::string& op, const std::vector<std::string>& inputs,
                          std::map<std::string, Attribute> attributes) {
  Node node;
  node.name = fresh_name(graph_, "decode/" + op);
  node.op = op;
  node.inputs = inputs;
  node.attributes = std::move(attributes);
  graph_.nodes.push_back(std::move(node));
  return graph_.nodes.back();
}

std::string TailBuilder::add(const std::string& op, const std::vector<std::string>& inputs,
                             std::map<std::string, Attribute> attributes) {
  Node& node = append(op, inputs, std::move(attributes));
  node.outputs = {fresh_name(graph_, node.name + "_output")};
  return node.outputs.front();
}

std::vector<std::string> TailBuilder::split(const std::string& input, std::int64_t axis,
                                            const std::vector<std::int64_t>& sizes) {
  // The sizes were an attribute before opset 13.
  std::vector<std::string> inputs = {input};
  std::map<std::string, Attribute> attributes = {{"axis", axis}};
  if (graph_.opset < 13) {
    attributes["split"] = sizes;
  } else {
    const Shape shape = {static_cast<std::int64_t>(sizes.size())};
    inputs.push_back(constant_named("sizes", Tensor::of<std::int64_t>(shape, sizes)));
  }
  Node& node = append("Split", inputs, std::move(attributes));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    node.outputs.push_back(fresh_name(graph_, node.name + "_output" + std::to_string(i)));
  }
  return node.outputs;
}

std::string TailBuilder::reshape(const std::string& input, const Shape& shape) {
  return add("Reshape", {input, shape_constant(shape)});
}

void TailBuilder::output_reshaped(const std::string& input, const std::string& name,
                                  const Shape& shape) {
  output("Reshape", {input, shape_constant(shape)}, {}, name, shape);
}

std::string TailBuilder::shape_constant(const Shape& shape) {
  const Shape rank = {static_cast<std::int64_t>(shape.size())};
  return constant_named("shape", Tensor::of<std::int64_t>(rank, shape));
}

std::string TailBuilder::constant(const Shape& shape, std::span<const float> values) {
  return constant_named("constant", Tensor::of<float>(shape, values));
}

std::string TailBuilder::constant_named(const std::string& kind, Tensor value) {
  std::string name = fresh_name(graph_, "decode/" + kind);
  graph_.constants.emplace(name, std::move(value));
  return name;
}

void TailBuilder::output(const std::string& op, const std::vector<std::string>& inputs,
                         std::map<std::string, Attribute> attributes, const std::string& name,
                         const Shape& shape) {
  append(op, inputs, std::move(attributes)).outputs = {name};
  outputs_.push_back(TensorInfo{name, DType::kFloat32, shape});
}

void TailBuilder::pass(const std::string& tensor, const std::string& name, const Shape& shape) {
  if (tensor != name) return output("Identity", {tensor}, {}, name, shape);
  outputs_.push_back(TensorInfo{name, DType::kFloat32, shape});
}

Graph TailBuilder::finish(std::span<const std::string> order) && {
  PARE_CHECK(order.size() == outputs_.size(), "a tail makes every output of its detector once");
  graph_.outputs.clear();
  for (const std::string& name : order) {
    const auto made = std::ranges::find(outputs_, name, &TensorInfo::name);
    PARE_CHECK(made != outputs_.end(), "a tail makes every output of its detector once");
    graph_.outputs.push_back(*made);
  }
  return std::move(graph_);
}

Result<Graph> with_tail(Graph body, std::span<const HeadLevel> levels,
                        std::span<const std::string> outputs,
                        const std::function<void(TailBuilder&)>& fill, SizesOf sizes) {
  auto made = TailBuilder::on(std::move(body), levels, sizes);
  if (!made) return made.error();
  TailBuilder tail = std::move(made).value();
  fill(tail);
  return std::move(tail).finish(outputs);
}

}  // namespace pare::engine
