// The tensors of a decode tail, each with how a place of it leads to places of what its node reads.
// Private to engine/heads: for TailTracer.
//
// A raw map is the output of a convolution.  One that only takes the mean of a distribution (a
// softmax before it, one channel behind it) belongs to the tail.  Constants are the observation's:
// grids that the graph computes are constants there.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/heads/tail_algebra.h"

namespace pare::engine {

enum class TailRule : std::uint8_t {
  kNone,  // no part of a tail that can be traced: `refused` says why
  kConstant,
  kRawMap,
  kSamePlace,  // Reshape and its like
  kTranspose,
  kConcat,
  kWindow,  // Slice, Split
  kGather,
  kFunction,
  kArithmetic,
  kPower,
  kSoftmax,
  kSum,
  kMatrix,  // MatMul with a constant
  kMean,    // the convolution that takes a distribution's mean
};

struct TailSource {
  std::string name;
  const Node* node = nullptr;
  Shape shape = {};
  TailRule rule = TailRule::kNone;
  std::vector<int> inputs = {};          // sources
  std::vector<double> values = {};       // of a constant
  std::vector<std::int64_t> first = {};  // window: of each axis of the input
  std::vector<std::int64_t> step = {};   // window
  std::vector<std::int64_t> order = {};  // Transpose: its axes; Gather: its indices
  std::vector<std::int64_t> axes = {};   // ReduceSum
  std::int64_t axis = 0;                 // Concat, Softmax, Gather
  bool flattens = false;                 // Softmax: over all axes from that one on
  AtomKind function = AtomKind::kRaw;    // which function
  std::string refused = {};
};

class TailSources {
 public:
  // Keeps references: both must outlive it.
  TailSources(const Graph& graph, const Observation& observed);

  // References stay valid.
  int of(const std::string& tensor);
  const TailSource& at(int source) const { return sources_[static_cast<std::size_t>(source)]; }
  const TailSource& input(const TailSource& source, std::size_t i) const {
    return at(source.inputs[i]);
  }

 private:
  void fill(TailSource& source);
  void fill_from_node(TailSource& source);
  bool has_numbers(const TailSource& source, std::size_t first) const;
  bool fill_window(TailSource& source) const;
  bool fill_split(TailSource& source) const;
  bool fill_gather(TailSource& source) const;
  bool is_mean(const Node& convolution) const;
  std::optional<std::vector<std::int64_t>> integers(const Node& node, std::size_t input,
                                                    const std::string& attribute) const;
  const Shape& shape_of(const std::string& tensor) const;

  const Graph& graph_;
  const Observation& observed_;
  Edges edges_;
  std::map<std::string, int> index_;
  std::deque<TailSource> sources_;
  int depth_ = 0;
};

}  // namespace pare::engine
