// Builds a network from scratch, layer by layer, as a Graph with freshly drawn weights.
//
// Layers are named like paths ("backbone.stage2.down"); every method returns the name of the tensor
// that it makes.  Weights are drawn as He et al. 2015 have them, from the seed alone.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace pare::engine {

class GraphBuilder {
 public:
  // One input (1, channels, height, width), opset 13.
  GraphBuilder(std::string input, int channels, int height, int width, std::uint64_t seed);

  // Convolution without a bias, batch normalisation, ReLU; padding keeps the size at stride 1.
  std::string conv_bn_relu(const std::string& name, const std::string& x, int channels, int kernel,
                           int stride);
  // 1 x 1 convolution with a bias that starts at `bias`.
  std::string predict(const std::string& name, const std::string& x, int channels, float bias);
  std::string add(const std::string& name, const std::string& a, const std::string& b);
  std::string concat(const std::string& name, const std::vector<std::string>& parts);
  // Nearest neighbour, twice the size.
  std::string upsample(const std::string& name, const std::string& x);

  int channels_of(const std::string& tensor) const { return channels_.at(tensor); }

  // Without outputs yet: a head gives them.
  Graph take() &&;

 private:
  std::string append(const std::string& name, const std::string& op,
                     std::vector<std::string> inputs, std::map<std::string, Attribute> attributes,
                     int channels);
  std::string constant(const std::string& name, Shape shape, const std::vector<float>& values);
  std::string convolution(const std::string& name, const std::string& x, int channels, int kernel,
                          int stride, bool with_bias, float bias, float gain);

  Graph graph_;
  std::map<std::string, int> channels_;
  std::mt19937_64 random_;
};

}  // namespace pare::engine
