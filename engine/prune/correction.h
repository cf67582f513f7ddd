// The super-network of an imported detector: its own weights and a trained change of them that
// grows with how much a plan removes.
//
//   W(r) = W + sum over knots k of h_k(r) dW_k
//
// r: the share of the multiply-accumulates that a plan removes.  h_k is piecewise linear: 1 at its
// knot, 0 at its neighbours and at r = 0; behind the last knot the last change stays whole.  So the
// original is what it was to the bit, and closed-form repair, selection and export go on from
// W(r) as they would from W: a repair is linear in the weights (reconstruct.h).
//
// Candidates in int8 have a change of their own beside that, whatever they remove, and factors for
// the ranges of their activations; no other candidate is touched by either.
//
// Plain numbers: nothing here knows how a change was trained.
// Cost: one pass over the weights.  Pure functions, any thread.
// Sources: learning compressible subspaces (Nunez et al. 2021) for a path of weights; the rest is
// ours (docs/adr/0031-one-correction-every-sub-network.md).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/graph/tensor_file.h"

namespace pare::engine {

// Where a super-network comes from.
struct SupernetLineage {
  std::string model;       // SHA-256 of the file that was imported
  std::string statistics;  // SHA-256 of the statistics that repair its sub-networks
  std::uint64_t seed = 0;
  std::int64_t images = 0;  // that it was trained on
  std::int64_t steps = 0;
  std::string training =
      {};  // what training came to, as wire/training_json.h has it; empty: untold
  // Of the only plan that it is for, without what comes after the weights (wire/plan_json.h of
  // core's trained_form()): a SHA-256.  Empty: it is for all of them.
  std::string plan = {};
  bool parts = false;  // it was trained on plans, too, that lack blocks or have smaller kernels
  friend bool operator==(const SupernetLineage&, const SupernetLineage&) = default;
};

// What is added to a layer's constants; `bias` also where the layer had none.
struct LayerChange {
  Tensor weights, bias;  // float32
  friend bool operator==(const LayerChange&, const LayerChange&) = default;
};

// What eight bits ask for beside the change of a share.
struct Int8Change {
  std::map<std::string, LayerChange> changes;   // by node
  std::map<std::string, double> range_factors;  // by tensor, above 0; 1 for one that is absent
  bool empty() const { return changes.empty() && range_factors.empty(); }
  friend bool operator==(const Int8Change&, const Int8Change&) = default;
};

struct Supernet {
  SupernetLineage lineage;
  std::vector<double> knots;                                // ascending, above 0, at most 1
  std::map<std::string, std::vector<LayerChange>> changes;  // by node: one for each knot
  Int8Change int8 = {};                                     // empty: none was trained
  friend bool operator==(const Supernet&, const Supernet&) = default;
};

// h_k(removed) for each knot.  REQUIRES: knots ascend and are above 0.
std::vector<double> knot_weights(std::span<const double> knots, double removed);

// `body` with the weights of its sub-networks that lack the share `removed` of its MACs; itself
// where nothing is removed.  Fails with kInvalidArgument, naming the layer, if the super-network is
// of another body.
Result<Graph> corrected(const Graph& body, const Supernet& supernet, double removed);

// `body`, corrected() or not, with the weights that an int8 candidate begins with; itself where
// nothing was trained for int8.  Fails as corrected().
Result<Graph> corrected_for_int8(const Graph& body, const Int8Change& int8);

// What takes `before` to `after`, layer by layer, where they differ; one change each.
// REQUIRES: `after` is `before` with other float32 weights and biases in some layers.
std::map<std::string, std::vector<LayerChange>> changes_between(const Graph& before,
                                                                const Graph& after);

// Fails with kInvalidArgument, naming both, if the super-network is of another model (by SHA-256)
// or not for this plan alone; `plan` is empty where it is to be for all of them.  Its statistics
// may be others: a repair is made with those at hand, and candidates are measured.
Result<std::monostate> check_lineage(const Supernet& supernet, const std::string& model,
                                     const std::string& plan = "");

// Into and out of a tensor file.  Changes are kept as half precision times a power of two for each
// tensor: half the bytes, for a part in two thousand of what is a small part of a weight.  Files of
// before, in single precision, are read as well.  Reading trusts nothing: fails with
// kInvalidArgument, naming the entry.
TensorFile to_tensor_file(const Supernet& supernet);
Result<Supernet> load_supernet(const TensorFile& file);

}  // namespace pare::engine
