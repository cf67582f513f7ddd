// New values for constants that nodes read, each said for one node and input.
//
// A constant that several nodes read is replaced in place where all of them get the same new value;
// otherwise those that differ get constants of their own.
//
// Cost: the values are shared, not copied; naming a new constant scans the graph.  One thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "engine/graph/graph.h"

namespace pare::engine {

class ConstantEdits {
 public:
  // Input `input` of node `node` (an index) becomes `value`; an absent optional input is added.
  void set(std::size_t node, std::size_t input, Tensor value) {
    values_.insert_or_assign({node, input}, std::move(value));
  }
  bool empty() const noexcept { return values_.empty(); }

  void apply(Graph& graph) const;

 private:
  std::map<std::pair<std::size_t, std::size_t>, Tensor> values_;
};

// Constants that no node reads and that are no output.
void remove_unread_constants(Graph& graph);

}  // namespace pare::engine
