// Smaller windows for convolutions that are there: the outer taps go, and those that stay are
// fitted to what all of them gave.
//
//   w_S <- (w G_:S + lambda w_S) (G_SS + lambda I)^-1
//
// G: moments of all that the window sees and of the bias's 1, S the taps in the middle.  Of a dense
// convolution that is its consumer's Gram (statistics.h); of a depthwise one each channel has its
// own, (k^2 + 1) numbers square, gathered here.  The padding shrinks by as much as the window, so
// every output stays where it was.
//
// Cost: positions x k^4 / 2 multiply-adds an image and channel (a 5x5 layer of 96 channels: 16 M at
// 512 positions).  A collector belongs to one thread; the functions are pure.
// Source: elastic kernels of once-for-all (Cai et al. 2020); least squares on the outer ring in
// place of a learned matrix on the inner one.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"
#include "engine/graph/conv_window.h"
#include "engine/graph/graph.h"
#include "engine/prune/groups.h"
#include "engine/prune/reconstruct.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

struct ElasticKernel {
  std::size_t node = 0;    // of the graph that was analysed
  std::vector<int> sizes;  // smaller odd ones, the largest first; down to 3, of a dense 3x3 to 1
  bool depthwise = false;
};

// Square odd windows whose padding can shrink with them.  In the order of the nodes.
std::vector<ElasticKernel> find_elastic_kernels(const Graph& graph, const Observation& observed,
                                                const Groups& groups);

// What `prepare` gathers for the depthwise ones, beside the Gram matrices.
class TapCollector {
 public:
  // Fails as facts_of() and window_of_consumer() do.
  static Result<TapCollector> make(const Graph& graph, const Observation& observed,
                                   const std::vector<ElasticKernel>& kernels,
                                   const GramOptions& options = {});

  // What a Runner must hand out for each image.
  const std::vector<std::string>& tensors() const { return tensors_; }
  // REQUIRES: values are those of tensors(), in that order, float32 and of the observed shapes.
  void add_image(const std::vector<Tensor>& values);

  // As GramCollector's, into the same file.
  void add_sums(TensorFile& file) const;
  Result<std::monostate> go_on_from(const TensorFile& sums);

  // Means over all positions so far, added to `statistics`.  REQUIRES: there was an image.
  void finish(Statistics& statistics) const;

 private:
  struct Layer {
    std::string name;
    ConvWindow window;           // of one channel
    std::int64_t channels = 0;   // of the input
    std::vector<double> sums;    // upper triangles, channel after channel
    std::int64_t positions = 0;  // of each channel
  };
  void add(Layer& layer, std::size_t number, std::span<const float> image) const;

  GramOptions options_;
  std::uint64_t images_ = 0;
  std::vector<std::string> tensors_;
  std::vector<Layer> layers_;
};

// By the layer's name.
using KernelSizes = std::map<std::string, int>;

// Fails with kInvalidArgument, naming the layer and the size, if it cannot have it.
Result<std::monostate> check_kernels(const Graph& graph, const std::vector<ElasticKernel>& kernels,
                                     const KernelSizes& sizes);

struct ShrunkKernels {
  Graph graph;  // channels and names as they were
  Statistics statistics;
};
// A layer that `kernels` does not have is passed over.  Fails with kInvalidArgument,
// naming the layer, if the statistics know nothing of it.
// REQUIRES: the sizes are among the kernels'.
Result<ShrunkKernels> shrink_kernels(const Graph& graph, const Observation& observed,
                                     const Statistics& statistics,
                                     const std::vector<ElasticKernel>& kernels,
                                     const KernelSizes& sizes,
                                     const ReconstructOptions& options = {});

}  // namespace pare::engine
