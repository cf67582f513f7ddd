// What became of each operator between opset 7 and 13: one rule for each that has another form or
// meaning now, and the list of those that only learnt something new.  Private to engine/onnx.
//
// Source: the ONNX operator changelog (onnx/docs/Changelog.md).  Where it leaves the old meaning
// open (the nearest pixel of Resize 10) the rule follows ONNX Runtime and OpenVINO, which agree.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// The graph that a rule writes into: nodes in their order, constants, names nobody has yet.
class Rewriting {
 public:
  // Keeps references: both must outlive it.
  Rewriting(const Graph& graph, const Observation& observed);

  const Observation& observed() const { return observed_; }
  void add(Node node) { nodes_.push_back(std::move(node)); }
  // Returns the constant's name, made from that of the node.
  std::string constant(const Node& of, const char* part, Tensor value);
  std::string fresh(const std::string& wanted);

  // The value of a constant, computed ones included; null where it depends on the input.
  const Tensor* value(const std::string& tensor) const;

  Graph finish(int opset);

 private:
  const Graph& graph_;
  const Observation& observed_;
  std::set<std::string> taken_;
  std::map<std::string, Tensor> constants_;
  std::vector<Node> nodes_;
};

// Adds the node as opset 13 has it, more than one node where it takes more.  `from` is the opset
// that the node is of.  Fails with kUnsupported, naming the node, if there is no way.
// REQUIRES: 7 <= from < 13, and the node passed check_operator().
Result<std::monostate> add_upgraded(const Node& node, int from, Rewriting& to);

}  // namespace pare::engine
