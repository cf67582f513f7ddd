// One sub-network as a torch program: the graph that a candidate would have, whose weights follow
// from the coordinates, so that gradients reach V.
//
//   weights = rows of ( W M + D (sum over knots of h_k V_k) (P M) )
//
// M: what closed form makes of the layer's weights, by its smaller kernel, the block that is left
// out before it and the inputs that it loses, one behind the other.
//
// A sub-network in int8 is the graph that its candidate would have, Q/DQ pairs and all: weights are
// rounded as they are used, and the scales of activations follow their trained ranges.
//
// W M and P M are made once, in double, by the code that builds candidates, so what is trained is
// what is exported.  Cost of making one: as reconstruct() and prune(); memory: a copy of the
// weights and a P M a layer.  Not thread-safe.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/prune/layer_map.h"
#include "engine/quant/insert_qdq.h"
#include "engine/train/elastic/coordinates.h"
#include "engine/train/graph/graph_module.h"

namespace pare::engine {

// A layer whose outputs, before the activation, are compared with the original's.
struct TracedLayer {
  std::string tensor;
  torch::Tensor rows;  // of the original that stay; undefined: all
};

// What makes a candidate's int8 graph of what is left: weights simulated, nearest rounding,
// without equalization, so that training can stand in for both.
struct Lowering {
  std::function<Result<QuantizedGraph>(const PrunedGraph& pruned)> quantize;
  int weight_bits = 8;
};

// Which network, and of what.
struct CutOut {
  const ElasticBody& body;  // without the blocks and taps that the network lacks
  const RemovedUnits& removed;
  double share = 0;                 // of the MACs of the whole body that the network lacks
  const LayerMaps* maps = nullptr;  // from the whole body's weights to those of `body`; null: none
};

class SubNetwork {
 public:
  // `knots`: of the network's changes those count that knot_weights() has.
  // Fails as reconstruct() and prune() do.  REQUIRES: `coordinates` outlive it.
  static Result<SubNetwork> make(const CutOut& cut, const Coordinates& coordinates,
                                 const std::vector<double>& knots);

  // In int8; the only change of the coordinates counts whole.  Fails as `lowering` does too.
  static Result<SubNetwork> make(const CutOut& cut, const Coordinates& coordinates,
                                 const Lowering& lowering);

  double share() const { return share_; }
  // Layers whose inputs are not the original's, in the order of the graph.
  const std::vector<TracedLayer>& traced() const { return traced_; }
  // The head's tensors first, then the traced ones: what forward() answers.
  const std::vector<std::string>& wanted() const { return wanted_; }

  // Fails as GraphModule::forward() does.
  Result<std::vector<torch::Tensor>> forward(const torch::Tensor& images);

 private:
  // An activation's scale in the graph, whose range is trained.
  struct Scale {
    std::string constant, tensor;
    torch::Tensor base;
  };
  struct Part {
    std::size_t layer = 0;      // of the coordinates
    std::string weights, bias;  // names of constants
    torch::Tensor rows;         // undefined: all
    torch::Tensor base, basis;  // W M's rows; P M, or P's rows
    torch::Tensor map;          // undefined, or M where P is no matrix: for all rows, or each
    std::vector<std::int64_t> shape;
    int bits = 0;  // that the weights have; 0: as they are
  };

  SubNetwork(const Coordinates& coordinates, GraphModule module)
      : coordinates_(&coordinates), module_(std::move(module)) {}
  static Result<SubNetwork> build(const CutOut& cut, const Coordinates& coordinates,
                                  std::vector<double> knot_shares, const Lowering* lowering);
  Result<std::monostate> add_parts(const CutOut& cut, const Graph& left);
  void put_in_int8(const QuantizedGraph& lowered, int weight_bits);
  // Those of these nodes of the body are compared.
  void trace(const Graph& body, const std::vector<bool>& compared);
  GraphModule::Values weights() const;

  const Coordinates* coordinates_;
  GraphModule module_;
  double share_ = 0;
  std::vector<double> knot_shares_;
  std::vector<Part> parts_;
  std::vector<Scale> scales_;
  std::vector<TracedLayer> traced_;
  std::vector<std::string> wanted_;
};

}  // namespace pare::engine
