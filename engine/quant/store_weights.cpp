#include "engine/quant/store_weights.h"

#include <Eigen/Core>
#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/quant/weight_grid.h"

namespace pare::engine {
namespace {

// Numbers of TensorProto's element types.
constexpr std::int64_t kOnnxFloat = 1;
constexpr std::int64_t kOnnxInt32 = 6;

constexpr std::size_t kCodesOfAByte = 2;
constexpr std::size_t kBytes = 256;

// Where the weights of a layer have their output channels; nullopt: it is none whose weights are
// stored.
std::optional<std::size_t> output_axis(const Node& node, const Tensor& weights) {
  if (!node.domain.empty() || weights.shape().size() < 2) return std::nullopt;
  if (node.op == "Conv") return 0;
  if (node.op == "ConvTranspose") return 1;
  if (node.op == "MatMul") return weights.shape().size() - 1;
  if (node.op == "Gemm") return int_attribute(node, "transB", 0) != 0 ? 0 : 1;
  return std::nullopt;
}

Tensor halves_of(const Tensor& weights) {
  std::vector<std::byte> bytes;
  for (const float value : weights.values<float>()) {
    const Eigen::half half(value);
    const auto raw = std::as_bytes(std::span(&half, 1));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  }
  return {DType::kFloat16, weights.shape(), std::move(bytes)};
}

class Storer {
 public:
  Storer(const Graph& graph, const StorageOf& storage, const LayerMoments& moments)
      : in_(graph), storage_(storage), moments_(moments), edges_(edges_of(graph)), out_(graph) {
    out_.nodes.clear();
  }

  Result<Graph> store() {
    for (const Node& node : in_.nodes) {
      Node layer = node;
      if (auto done = store_weights_of(layer); !done) {
        return Error{done.error().code, "layer '" + node.name + "': " + done.error().message};
      }
      out_.nodes.push_back(std::move(layer));
    }
    return std::move(out_);
  }

 private:
  Result<std::monostate> store_weights_of(Node& layer) {
    if (layer.inputs.size() < 2) return std::monostate{};
    const std::string name = layer.inputs[1];
    const auto found = in_.constants.find(name);
    if (found == in_.constants.end() || stored_.contains(name)) return std::monostate{};
    const Tensor& weights = found->second;
    const auto axis = output_axis(layer, weights);
    WeightStorage wanted = storage_(layer.name);
    if (wanted.bits == 4 && weights.size() < kFewestInFourBits) wanted = {.bits = 8};
    if (!axis || wanted.bits == 32 || weights.dtype() != DType::kFloat32) return std::monostate{};
    if (weights.size() < kFewestStored || is_graph_output(in_, name)) return std::monostate{};
    stored_.insert(name);
    out_.constants.erase(name);
    if (wanted.bits == 16) {
      return cast(put(name, "half", halves_of(weights)), kOnnxFloat, name), std::monostate{};
    }
    const auto grid = grid_of(layer, weights, *axis, wanted);
    if (!grid) return grid.error();
    write(name, weights.shape(), *axis, wanted.bits, grid.value());
    return std::monostate{};
  }

  // The layer's bias takes its part of the rounding with it.
  Result<GriddedWeights> grid_of(Node& layer, const Tensor& weights, std::size_t axis,
                                 const WeightStorage& wanted) {
    const bool alone = edges_.consumers.at(layer.inputs[1]).size() == 1;
    const bool has_bias = layer.inputs.size() > 2 && !layer.inputs[2].empty();
    const auto bias = has_bias ? in_.constants.find(layer.inputs[2]) : in_.constants.end();
    const bool bias_known = !has_bias || bias != in_.constants.end();
    const auto moments =
        moments_ && alone && bias_known && layer.op == "Conv" ? moments_(layer.name) : std::nullopt;
    if (!moments) return put_on_grid(weights, axis, wanted);
    auto rounded =
        put_on_grid_second_order(weights, has_bias ? &bias->second : nullptr, wanted, *moments);
    if (!rounded) return rounded.error();
    GriddedLayer made = std::move(rounded).value();
    if (layer.inputs.size() < 3) layer.inputs.resize(3);
    layer.inputs[2] = put(layer.name, "bias", std::move(made.bias));
    return std::move(made.weights);
  }

  void write(const std::string& name, const Shape& shape, std::size_t axis, int bits,
             const GriddedWeights& grid) {
    const std::string levels =
        bits == 8 ? bytes_of(name, shape, grid) : looked_up(name, shape, grid);
    Shape broadcast(shape.size(), 1);
    broadcast[axis] = shape[axis];
    const std::string scale =
        put(name, "scale", Tensor::of<float>(std::move(broadcast), std::span(grid.scales)));
    add("Mul", {levels, scale}, name);
  }

  // 8 bits: levels are integers, so a byte is one itself.
  std::string bytes_of(const std::string& name, const Shape& shape, const GriddedWeights& grid) {
    const int limit = static_cast<int>(grid.levels.size() / 2);
    std::vector<std::int8_t> values;
    for (const std::uint8_t code : grid.codes) {
      values.push_back(static_cast<std::int8_t>(code - limit));
    }
    const std::string as_floats = fresh_name(in_, name + "/levels");
    cast(put(name, "int8", Tensor::of<std::int8_t>(shape, values)), kOnnxFloat, as_floats);
    return as_floats;
  }

  std::string looked_up(const std::string& name, const Shape& shape, const GriddedWeights& grid) {
    std::vector<std::uint8_t> pairs;
    for (std::size_t i = 0; i < grid.codes.size(); i += kCodesOfAByte) {
      const int second = i + 1 < grid.codes.size() ? grid.codes[i + 1] : 0;
      pairs.push_back(static_cast<std::uint8_t>(grid.codes[i] | second << 4));
    }
    const auto count = static_cast<std::int64_t>(pairs.size());
    const std::string indices = fresh_name(in_, name + "/indices");
    cast(put(name, "codes", Tensor::of<std::uint8_t>({count}, pairs)), kOnnxInt32, indices);
    const std::string values = fresh_name(in_, name + "/pairs");
    add("Gather", {put(name, "table", table_of(grid.levels)), indices}, values);
    const bool odd = grid.codes.size() % kCodesOfAByte != 0;
    return reshaped(odd ? without_last(name, values, grid.codes.size()) : values,
                    put(name, "shape", numbers(shape)), fresh_name(in_, name + "/levels"));
  }

  static Tensor table_of(const std::vector<float>& levels) {
    std::vector<float> table;
    const auto level = [&](std::size_t code) { return code < levels.size() ? levels[code] : 0; };
    for (std::size_t byte = 0; byte < kBytes; ++byte) {
      table.push_back(level(byte % 16));
      table.push_back(level(byte / 16));
    }
    return Tensor::of<float>({kBytes, kCodesOfAByte}, table);
  }

  static Tensor numbers(const Shape& values) {
    return Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, std::span(values));
  }

  std::string reshaped(const std::string& from, const std::string& shape, std::string to) {
    add("Reshape", {from, shape}, to);
    return to;
  }

  // An odd number of codes: the last one of the pairs is nobody's.
  std::string without_last(const std::string& name, const std::string& pairs, std::size_t count) {
    std::string flat =
        reshaped(pairs, put(name, "flat_shape", numbers({-1})), fresh_name(in_, name + "/flat"));
    const std::string begin = put(name, "begin", numbers({0}));
    const std::string end = put(name, "end", numbers({static_cast<std::int64_t>(count)}));
    std::string all = fresh_name(in_, name + "/all");
    add("Slice", {std::move(flat), begin, end}, all);
    return all;
  }

  std::string put(const std::string& owner, const char* role, Tensor value) {
    const std::string name = fresh_name(in_, owner + "/" + role);
    out_.constants[name] = std::move(value);
    return name;
  }

  void cast(const std::string& from, std::int64_t type, const std::string& to) {
    add("Cast", {from}, to);
    out_.nodes.back().attributes = {{"to", type}};
  }

  void add(const char* op, std::vector<std::string> inputs, const std::string& output) {
    out_.nodes.push_back(Node{.name = fresh_name(in_, output + "/" + op),
                              .op = op,
                              .domain = "",
                              .inputs = std::move(inputs),
                              .outputs = {output},
                              .attributes = {}});
  }

  const Graph& in_;
  const StorageOf& storage_;
  const LayerMoments& moments_;
  Edges edges_;
  Graph out_;
  std::set<std::string, std::less<>> stored_;
};

}  // namespace

Result<Graph> store_weights(const Graph& graph, const StorageOf& storage,
                            const LayerMoments& moments) {
  return Storer(graph, storage, moments).store();
}

}  // namespace pare::engine
