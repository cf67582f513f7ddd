// The coordinates in which the change of each layer is trained: dW_k = D V_k P.
//
// Layers with a Gram are whitened whole (whitening.h); of the others every input is divided by its
// root mean square, seen on sample images.  All V lie in one flat tensor, and so do their
// gradients, so that an optimiser's step is a few passes over one array.  Behind them, for a
// network in int8, lies one number for each activation: the range is multiplied with e to the power
// of some times that number.
//
// Cost of making them: an eigendecomposition a layer, once (yolox_nano: 2 s), and one forward of
// the samples.  Not thread-safe.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/prune/correction.h"
#include "engine/train/elastic/elastic_body.h"

namespace pare::engine {

struct ElasticLayer {
  std::size_t node = 0;  // of the body
  std::string name;
  Shape shape;                   // of the weights
  torch::Tensor spreads;         // D: (rows, 1)
  torch::Tensor inputs;          // P: (columns, columns), or, element by element, (rows, columns)
  bool whole = false;            // P is a matrix
  std::vector<torch::Tensor> v;  // of each knot: (rows, columns), leaves with gradients
};

class Coordinates {
 public:
  // Of the layers among `nodes`, V all zero; `ranges`: activations whose ranges are trained.
  // `samples`: (B, 3, H, W), inputs of the network.
  // Fails as whitening_of() and GraphModule::forward() do.
  static Result<Coordinates> make(const ElasticBody& body, const std::vector<bool>& nodes,
                                  std::size_t knots, const torch::Tensor& samples,
                                  const std::vector<std::string>& ranges = {});

  const std::vector<ElasticLayer>& layers() const { return layers_; }
  std::size_t knots() const { return knots_; }
  torch::Tensor values() const { return values_; }        // all V, knot after knot
  torch::Tensor gradients() const { return gradients_; }  // filled by backward()
  // Numbers of one knot in values().
  std::int64_t per_knot() const { return per_knot_; }

  // What the range of an activation is multiplied with; undefined for one that is not trained.
  torch::Tensor range_factor(const std::string& tensor) const;

  // The products that go into the artifact, for V = `values`.
  std::map<std::string, std::vector<LayerChange>> changes(const torch::Tensor& values) const;
  // Likewise, of the activations whose ranges are trained.
  std::map<std::string, double> range_factors(const torch::Tensor& values) const;

 private:
  void allocate(const std::vector<std::string>& ranges);
  // Part of values() as a leaf whose gradient lies in gradients().
  torch::Tensor leaf(std::int64_t first, torch::IntArrayRef shape) const;

  std::size_t knots_ = 0;
  std::int64_t per_knot_ = 0;
  std::vector<ElasticLayer> layers_;
  std::map<std::string, torch::Tensor> ranges_;
  torch::Tensor values_, gradients_;
};

}  // namespace pare::engine
