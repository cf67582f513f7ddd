// What ONNX Runtime says of many pruned graphs at once: tests/tools/compare_models.py.
//
// Needs the Python environment that `./dev setup` makes.  Cost: a Python start (1 s) for all, 5 ms
// a small graph.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tests/engine/prune/pruning_check.h"

namespace pare::engine::test {

// Collects graphs in a scratch folder, which goes with it.
class RuntimeCheck {
 public:
  RuntimeCheck();
  ~RuntimeCheck();
  RuntimeCheck(const RuntimeCheck&) = delete;
  RuntimeCheck& operator=(const RuntimeCheck&) = delete;

  // `name`: letters and digits.
  void add(const std::string& name, const Graph& pruned, const Graph& muted, const Graph& original);

  struct Differences {
    double pruned = 0;    // of the pruned graph from the muted one
    double original = 0;  // of the original from the muted one
  };
  // By name.  Aborts with a message if one does not load, or cannot run.
  std::map<std::string, Differences> run() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace pare::engine::test
