// Gram matrices of what each consumer reads, summed over calibration images in one pass.
//
// For a convolution: x is the im2col column at an output position (in_channels x kernel, in the
// order of the weights), with a 1 behind it for the bias; G = sum of x x' over sampled positions.
// One G answers every subset of channels: importance, reconstruction, rounding (DESIGN 4.2).
// Consumers that read the same tensor through the same window share one.
//
// Depthwise convolutions do not mix channels and need none.
// Cost: positions x d^2 / 2 multiply-adds an image (yolov5n: 0.2 s an image at 512 positions), d^2
// floats a Gram.  A collector belongs to one thread.
// Source: AIMET channel_pruning (reconstruction from samples); OBC (Frantar, 2022) for the Gram.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"
#include "engine/graph/conv_window.h"
#include "engine/graph/graph.h"
#include "engine/graph/tensor_file.h"
#include "engine/prune/groups.h"

namespace pare::engine {

struct Gram {
  int size = 0;                 // inputs x kernel + 1
  std::int64_t positions = 0;   // how many were summed
  std::vector<float> triangle;  // mean over positions of the upper triangle, row by row
};

// Of a depthwise convolution: a Gram of what its window sees for each input channel alone.
struct TapMoments {
  int size = 0;                  // kernel x kernel + 1
  std::vector<float> triangles;  // as Gram's, channel after channel

  std::int64_t channels() const;
  Gram of_channel(std::int64_t channel) const;
};

struct Statistics {
  std::map<std::string, Gram> grams;            // by the tensor and window that they are of
  std::map<std::string, std::string> gram_of;   // consumer's name -> key
  std::map<std::string, TapMoments> taps = {};  // by the depthwise layer's name

  // Fails with kInvalidArgument, naming the consumer, if it has none of this size.
  Result<const Gram*> find(const std::string& consumer, int size) const;
};

struct GramOptions {
  int positions_per_image = 512;  // fewer where the map has fewer
  std::uint64_t seed = 1;
};

// What several tensors give through windows of equal positions, one behind the other, as one input.
struct JointInput {
  std::string key;  // of its Gram; no consumer's
  std::vector<std::pair<std::string, ConvWindow>> parts;
};

class GramCollector {
 public:
  // One Gram for each consumer of a group, then one for each of `joint`.  Fails with kUnsupported,
  // naming it, if one is neither a two-dimensional convolution nor a Gemm of one row.
  static Result<GramCollector> make(const Graph& graph, const Observation& observed,
                                    const Groups& groups, const GramOptions& options = {},
                                    const std::vector<JointInput>& joint = {});
  ~GramCollector();
  GramCollector(GramCollector&&) noexcept;
  GramCollector& operator=(GramCollector&&) noexcept;

  // What a Runner must hand out for each image.
  const std::vector<std::string>& tensors() const;

  // Fails with kInvalidArgument, naming the tensor, if a shape or type is not the graph's.
  // REQUIRES: values are those of tensors(), in that order.
  Result<std::monostate> add_image(const std::vector<Tensor>& values);

  // What was summed so far, and back into a collector of the same graph and options, which then
  // goes on as if it had summed it itself.  Fails with kInvalidArgument if it is of another.
  TensorFile sums() const;
  Result<std::monostate> go_on_from(const TensorFile& sums);

  // Means over all positions so far.  Fails with kInvalidArgument if there was no image.
  Result<Statistics> finish() const;

 private:
  struct State;
  explicit GramCollector(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Into and out of a tensor file, beside whatever else it holds (names begin with "gram" or "taps").
void store(const Statistics& statistics, TensorFile& file);
Result<Statistics> load_statistics(const TensorFile& file);

}  // namespace pare::engine
