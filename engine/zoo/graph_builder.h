// Builds a network from scratch, layer by layer, as a Graph with freshly drawn weights.
//
// Layers are named like paths ("backbone.stage2.down"); every method returns the name of the tensor
// that it makes.  Weights are drawn as He et al. 2015 have them, from the seed alone.
//
// The opset is 13, or 14 where a HardSwish needs it.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace pare::engine {

enum class Activation : std::uint8_t { kNone, kRelu, kHardSwish, kSilu };

// What opens and shuts channels by what the whole map shows (squeeze and excitation).
enum class Gate : std::uint8_t {
  kNone,
  kHard,    // ReLU, hard sigmoid
  kSmooth,  // SiLU, sigmoid
};

struct ConvLayer {
  int channels = 0;
  int kernel = 1;
  int stride = 1;
  Activation activation = Activation::kNone;
  bool depthwise = false;  // REQUIRES then: as many channels as come in
  int dilation = 1;
  float scale = 1;  // of the normalisation, at first; 0: a branch that begins with saying nothing
};

class GraphBuilder {
 public:
  // One input (1, channels, height, width).
  GraphBuilder(std::string input, int channels, int height, int width, std::uint64_t seed);

  // Convolution without a bias, batch normalisation, activation; padding keeps the size at stride
  // 1.
  std::string conv_bn(const std::string& name, const std::string& x, const ConvLayer& layer);
  std::string conv_bn_relu(const std::string& name, const std::string& x, int channels, int kernel,
                           int stride);
  // A convolution alone, as one branch of a sum that is normalised.
  std::string conv(const std::string& name, const std::string& x, const ConvLayer& layer);
  std::string batch_norm(const std::string& name, const std::string& x, float scale = 1);
  std::string activate(const std::string& name, const std::string& x, Activation activation);
  // 1 x 1 convolution with a bias that starts at `bias`.
  std::string predict(const std::string& name, const std::string& x, int channels, float bias);
  // x times what its means say of each channel, through `squeezed` channels.
  // REQUIRES: the gate is one.
  std::string gated(const std::string& name, const std::string& x, int squeezed, Gate gate);
  std::string add(const std::string& name, const std::string& a, const std::string& b);
  // Sum of maps, each times its share: a weight that is learned and kept positive, divided by the
  // sum of them all.
  std::string weighted_sum(const std::string& name, const std::vector<std::string>& maps);
  std::string concat(const std::string& name, const std::vector<std::string>& parts);
  // Nearest neighbour, twice the size.
  std::string upsample(const std::string& name, const std::string& x);
  std::string max_pool(const std::string& name, const std::string& x, int kernel, int stride);
  // Two halves.  REQUIRES: an even number of channels.
  std::vector<std::string> halves(const std::string& name, const std::string& x);
  // Channels of two groups in turns, on a map of this size.
  std::string shuffle(const std::string& name, const std::string& x, int height, int width);

  int channels_of(const std::string& tensor) const { return channels_.at(tensor); }

  // Without outputs yet: a head gives them.
  Graph take() &&;

 private:
  std::string append(const std::string& name, const std::string& op,
                     std::vector<std::string> inputs, std::map<std::string, Attribute> attributes,
                     int channels);
  std::string constant(const std::string& name, Shape shape, const std::vector<float>& values);
  std::string shape_constant(const std::string& name, const std::vector<std::int64_t>& shape);
  std::string convolution(const std::string& name, const std::string& x, const ConvLayer& layer,
                          float gain);

  Graph graph_;
  std::map<std::string, int> channels_;
  std::mt19937_64 random_;
};

}  // namespace pare::engine
