// The tensor that everything on the way to a tensor goes through: its immediate dominator.
//
// Cost: linear in the edges times the depth of the tree.  Pure.  Inside engine/prune only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace pare::engine {

class Dominators {
 public:
  // Values that do not depend on the input dominate nothing.
  Dominators(const Graph& graph, const Observation& observed);

  // Empty for the inputs and for what needs more than one of them.
  std::string above(const std::string& tensor) const;

 private:
  struct Entry {
    std::size_t parent = 0;
    int depth = 0;
  };
  std::size_t common(std::size_t a, std::size_t b) const;

  std::map<std::string, std::size_t> index_;
  std::vector<std::string> names_;  // 0: above all
  std::vector<Entry> entries_;
};

}  // namespace pare::engine
