#include "engine/heads/raw_tail.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace pare::engine {

std::vector<bool> leads_to_a_convolution(const Graph& graph) {
  std::vector<bool> leads(graph.nodes.size(), false);
  std::set<std::string> read;  // by nodes that lead to one
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    leads[i] = (node.domain.empty() && (node.op == "Conv" || node.op == "ConvTranspose")) ||
               std::ranges::any_of(node.outputs,
                                   [&](const std::string& made) { return read.contains(made); });
    if (!leads[i]) continue;
    for (std::string& name : tensors_read(node)) read.insert(std::move(name));
  }
  return leads;
}

Node with_own_constants(Node node, const Graph& graph, KeptTail& tail) {
  for (std::string& input : node.inputs) {
    const auto constant = graph.constants.find(input);
    if (constant == graph.constants.end()) continue;
    input = "tail/" + input;
    tail.constants.emplace(input, constant->second);
  }
  for (const std::string& captured : tensors_read(node)) {  // by its subgraphs, under that name
    const auto constant = graph.constants.find(captured);
    if (constant != graph.constants.end()) tail.constants.emplace(captured, constant->second);
  }
  return node;
}

std::vector<TensorInfo> as_observed(std::vector<TensorInfo> outputs, const Observation& observed) {
  for (TensorInfo& output : outputs) {
    const auto shape = observed.shapes.find(output.name);
    if (shape != observed.shapes.end()) output.shape = shape->second;
    if (observed.varying.contains(output.name)) std::ranges::fill(output.shape, kAnySize);
  }
  return outputs;
}

namespace {

// A constant of the body that bears the name of the tail's gets another: pruning may have cut it.
void keep_apart(Graph& body, const std::string& name) {
  auto constant = body.constants.extract(name);
  if (constant.empty()) return;
  const std::string other = fresh_name(body, name + ".body");
  for (Node& node : body.nodes) std::ranges::replace(node.inputs, name, other);
  constant.key() = other;
  body.constants.insert(std::move(constant));
}

}  // namespace

HeadMatch raw_head(const Graph& graph, const Observation& observed) {
  HeadMatch match;
  match.head = kRawHead;
  match.tail.outputs = as_observed(graph.outputs, observed);
  std::set<std::string> wanted;  // of the body
  for (const TensorInfo& output : match.tail.outputs) {
    match.outputs.push_back(output.name);
    wanted.insert(output.name);
    // An output that is a constant is made by no node: the tail has it.
    const auto constant = graph.constants.find(output.name);
    if (constant != graph.constants.end()) {
      match.tail.constants.emplace(output.name, constant->second);
    }
  }
  const std::vector<bool> body = leads_to_a_convolution(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (body[i]) continue;
    for (std::string& name : tensors_read(graph.nodes[i])) wanted.insert(std::move(name));
    match.tail.nodes.push_back(with_own_constants(graph.nodes[i], graph, match.tail));
  }
  HeadLevel last;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!body[i]) continue;
    for (const std::string& made : graph.nodes[i].outputs) {
      if (wanted.contains(made)) last.tensors.push_back(made);
    }
  }
  match.levels = {std::move(last)};
  return match;
}

Result<Graph> attach_kept(Graph body, const KeptTail& tail) {
  const Edges edges = edges_of(body);
  std::set<std::string> there;
  for (const TensorInfo& input : body.inputs) there.insert(input.name);
  for (const auto& [name, constant] : tail.constants) there.insert(name);
  for (const Node& node : tail.nodes) {
    for (const std::string& name : tensors_read(node)) {
      if (there.contains(name) || edges.producer.contains(name)) continue;
      return Error{ErrorCode::kInvalidArgument,
                   "the tail cannot stand on this body: no node makes \"" + name + "\""};
    }
    there.insert(node.outputs.begin(), node.outputs.end());
  }
  for (const auto& [name, constant] : tail.constants) keep_apart(body, name);
  body.nodes.insert(body.nodes.end(), tail.nodes.begin(), tail.nodes.end());
  body.constants.insert(tail.constants.begin(), tail.constants.end());
  body.outputs = tail.outputs;
  return body;
}

}  // namespace pare::engine
