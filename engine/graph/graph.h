// The graph IR: a list of nodes in an order that runs, joined by the names of tensors.
//
// It is ONNX's own model with the accidents removed: one graph, a static batch of 1, every node
// named, constants apart from nodes (Constant nodes become constants on import), weights never
// graph inputs.  A plain value: copy it, change it, verify() it.  An operator that nobody here
// understands is an ordinary node and goes through unharmed.
//
// Source: ONNX IR specification (onnx/docs/IR.md), version 8.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"
#include "engine/graph/tensor.h"

namespace pare::engine {

// An attribute of a kind that Pare never looks into (a subgraph, a sparse tensor): kept as the
// bytes of its AttributeProto and written back as they were.
struct OpaqueAttribute {
  std::string bytes;
  // Tensors of this graph that a subgraph inside reads by name.  They count as uses: such a tensor
  // is neither a dead end nor may it be renamed.
  std::vector<std::string> captures;
  friend bool operator==(const OpaqueAttribute&, const OpaqueAttribute&) = default;
};

using Attribute =
    std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
                 std::vector<std::string>, Tensor, OpaqueAttribute>;

struct Node {
  std::string name;                 // unique in the graph
  std::string op;                   // ONNX operator type
  std::string domain;               // empty: ai.onnx
  std::vector<std::string> inputs;  // tensor names; an empty name is an absent optional input
  std::vector<std::string> outputs;
  std::map<std::string, Attribute> attributes;
  friend bool operator==(const Node&, const Node&) = default;
};

// Every tensor the node reads: its inputs that are present, then what its subgraphs capture.
std::vector<std::string> tensors_read(const Node& node);

// Of an output's dimension that depends on the image, or that nobody knows yet.
inline constexpr std::int64_t kAnySize = -1;

struct TensorInfo {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;  // of an input all known; of an output kAnySize where not, empty if not declared
  friend bool operator==(const TensorInfo&, const TensorInfo&) = default;
};

// What a file says beside its network.  Passes leave it alone, and it is written back.
struct Provenance {
  std::map<std::string, std::string> metadata;  // metadata_props
  std::string producer;                         // empty: Pare
  std::string producer_version;
  std::string domain;
  std::int64_t model_version = 0;
  std::string doc;  // of the model
  std::string graph_name;
  std::string graph_doc;
  friend bool operator==(const Provenance&, const Provenance&) = default;
};

struct Graph {
  int opset = 0;                       // of the default domain
  std::map<std::string, int> domains;  // opsets of further domains
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::map<std::string, Tensor> constants;
  std::vector<Node> nodes;  // topologically sorted
  Provenance about = {};
  friend bool operator==(const Graph&, const Graph&) = default;
};

// Fails with kInvalidArgument, naming the node or tensor: a name used twice, a dangling input, an
// output nobody makes, a cycle, an order that cannot run.  O(nodes + edges).
Result<std::monostate> verify(const Graph& graph);

// Nodes in an order that runs.  Fails as verify() does, naming a node on the cycle.
Result<std::vector<Node>> sort_topologically(const Graph& graph);

// The node that makes each tensor, and the nodes that read it (indices into graph.nodes, each
// once).
struct Edges {
  std::map<std::string, std::size_t, std::less<>> producer;
  std::map<std::string, std::vector<std::size_t>, std::less<>> consumers;
};
Edges edges_of(const Graph& graph);

// Null where there is none.  Linear: callers that look up many names keep a map.
const Node* find_node(const Graph& graph, std::string_view name);

// True if any graph output carries this name.
bool is_graph_output(const Graph& graph, std::string_view tensor);

// The attribute, or the default where it is absent.
// REQUIRES: where present, it has that kind (the importer checked it against the operator's use).
std::int64_t int_attribute(const Node& node, std::string_view name, std::int64_t absent);
std::vector<std::int64_t> ints_attribute(const Node& node, std::string_view name,
                                         std::vector<std::int64_t> absent);
float float_attribute(const Node& node, std::string_view name, float absent);
std::string string_attribute(const Node& node, std::string_view name, std::string absent);

// A name that no tensor and no node has yet: `wanted`, or `wanted` with a number behind it.
// Linear in the graph, captures included.
std::string fresh_name(const Graph& graph, std::string_view wanted);

// What one run of the model showed: every tensor's real shape, and the value of every tensor that
// does not depend on the input (constants included).
struct Observation {
  std::map<std::string, Shape, std::less<>> shapes;
  std::map<std::string, Tensor, std::less<>> constants;
  std::map<std::string, DType, std::less<>> types = {};  // of what nodes make from the input
  // Tensors whose shape depends on values of the input, not on its size: `shapes` has one of many.
  std::set<std::string, std::less<>> varying = {};
};

}  // namespace pare::engine
