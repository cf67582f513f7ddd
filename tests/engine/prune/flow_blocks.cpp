#include "tests/engine/prune/flow_blocks.h"

#include <cmath>

namespace pare::engine::test {
namespace {

using Ints = std::vector<std::int64_t>;

// Of what is divided by its spread: rounding errors of what hardly varies stay small.
constexpr float kWellConditioned = 0.1F;

std::string scalar(GraphBuilder& b, float value) {
  return b.constant(Tensor::of<float>({}, std::span(&value, 1)));
}

std::string matmul(GraphBuilder& b, const std::string& x, const std::string& y) {
  Shape shape = b.shape(x);
  shape.back() = b.shape(y).back();
  return b.node("MatMul", {x, y}, {shape})[0];
}

// x W + b along the last dimension.
std::string linear(GraphBuilder& b, const std::string& x, std::int64_t made) {
  const std::int64_t read = b.shape(x).back();
  const float bound = 1.7F / std::sqrt(static_cast<float>(read));
  return b.add(matmul(b, x, b.constant({read, made}, -bound, bound)), b.constant({made}));
}

std::string softmax(GraphBuilder& b, const std::string& x, std::int64_t axis) {
  return b.node("Softmax", {x}, {b.shape(x)}, {{"axis", axis}})[0];
}

std::string pooled_to_one(GraphBuilder& b, const std::string& x) {
  return b.node("GlobalAveragePool", {x}, {{1, b.shape(x)[1], 1, 1}})[0];
}

std::string as_tokens(GraphBuilder& b, const std::string& x) {
  const Shape map = b.shape(x);
  return b.transpose(b.reshape(x, {1, map[1], map[2] * map[3]}), {0, 2, 1});
}

std::string as_map(GraphBuilder& b, const std::string& tokens, std::int64_t height,
                   std::int64_t width) {
  const std::int64_t channels = b.shape(tokens)[2];
  return b.reshape(b.transpose(tokens, {0, 2, 1}), {1, channels, height, width});
}

std::string reduced(GraphBuilder& b, const std::string& op, const std::string& x, int axis) {
  Shape shape = b.shape(x);
  shape[static_cast<std::size_t>(axis)] = 1;
  return b.node(op, {x}, {shape}, {{"axes", Ints{axis}}})[0];
}

// GELU as exporters wrote it before the operator.
std::string gelu(GraphBuilder& b, const std::string& x) {
  const std::string scaled = b.node("Div", {x, scalar(b, std::sqrt(2.0F))}, {b.shape(x)})[0];
  const std::string bent = b.node("Erf", {scaled}, {b.shape(x)})[0];
  return b.mul(b.mul(x, b.add(bent, scalar(b, 1))), scalar(b, 0.5F));
}

// One part of q, k, v of `tokens` by heads: 1 x heads x tokens x dimension.
std::string head_tokens(GraphBuilder& b, const std::string& tokens, int heads) {
  const Shape shape = b.shape(tokens);
  const std::string made = linear(b, tokens, shape[2]);
  return b.transpose(b.reshape(made, {1, shape[1], heads, shape[2] / heads}), {0, 2, 1, 3});
}

}  // namespace

std::string positional_attention(GraphBuilder& b, const std::string& x, int heads, int key) {
  const Shape map = b.shape(x);
  const std::int64_t channels = map[1], value = channels / heads, places = map[2] * map[3];
  const int made = static_cast<int>(channels) + 2 * heads * key;
  const std::string qkv = b.conv(x, {.channels = made, .kernel = 1});
  const auto parts =
      b.split(b.reshape(qkv, {1, heads, 2 * key + value, places}), {key, key, value}, 2);
  const std::string scores = matmul(b, b.transpose(parts[0], {0, 1, 3, 2}), parts[1]);
  const std::string attention =
      softmax(b, b.mul(scores, scalar(b, 1 / std::sqrt(static_cast<float>(key)))), -1);
  const std::string mixed = matmul(b, parts[2], b.transpose(attention, {0, 1, 3, 2}));
  const std::string positions =
      b.conv(b.reshape(parts[2], map),
             {.channels = static_cast<int>(channels), .groups = static_cast<int>(channels)});
  return b.conv(b.add(b.reshape(mixed, map), positions),
                {.channels = static_cast<int>(channels), .kernel = 1});
}

std::string token_attention(GraphBuilder& b, const std::string& x, int heads) {
  const Shape map = b.shape(x);
  const std::int64_t channels = map[1], places = map[2] * map[3], each = channels / heads;
  const std::string qkv = linear(b, as_tokens(b, x), 3 * channels);
  const std::string apart =
      b.transpose(b.reshape(qkv, {1, places, 3, heads, each}), {2, 0, 3, 1, 4});
  const auto part = [&](std::int64_t at) {
    const std::string index = b.constant(Tensor::of<std::int64_t>({}, std::span(&at, 1)));
    return b.node("Gather", {apart, index}, {{1, heads, places, each}},
                  {{"axis", std::int64_t{0}}})[0];
  };
  const std::string keys = b.transpose(part(1), {0, 1, 3, 2});
  const std::string queries = b.mul(part(0), scalar(b, 1 / std::sqrt(static_cast<float>(each))));
  const std::string mixed = matmul(b, softmax(b, matmul(b, queries, keys), -1), part(2));
  const std::string joined = b.reshape(b.transpose(mixed, {0, 2, 1, 3}), {1, places, channels});
  return as_map(b, linear(b, joined, channels), map[2], map[3]);
}

std::string einsum_attention(GraphBuilder& b, const std::string& x, int heads) {
  const Shape map = b.shape(x);
  const std::int64_t places = map[2] * map[3];
  const std::string tokens = as_tokens(b, x);
  const std::string q = head_tokens(b, tokens, heads), k = head_tokens(b, tokens, heads),
                    v = head_tokens(b, tokens, heads);
  const std::string scores = b.node("Einsum", {q, k}, {{1, heads, places, places}},
                                    {{"equation", std::string("bhqd,bhkd->bhqk")}})[0];
  const std::string mixed =
      b.node("Einsum", {softmax(b, scores, -1), v}, {{1, places, heads, map[1] / heads}},
             {{"equation", std::string("bhqk, bhkd -> bqhd")}})[0];
  return as_map(b, linear(b, b.reshape(mixed, {1, places, map[1]}), map[1]), map[2], map[3]);
}

std::string channel_attention(GraphBuilder& b, const std::string& x) {
  const Shape map = b.shape(x);
  const std::string rows = b.reshape(x, {1, map[1], map[2] * map[3]});
  const std::string scores = matmul(b, rows, b.transpose(rows, {0, 2, 1}));
  const std::string weights = softmax(b, b.mul(scores, scalar(b, 0.05F)), -1);
  return b.reshape(matmul(b, weights, rows), map);
}

std::string group_norm(GraphBuilder& b, const std::string& x, int groups) {
  const Shape map = b.shape(x);
  const std::string apart = b.reshape(x, {1, groups, map[1] / groups * map[2] * map[3]});
  const std::string one = b.constant({groups}, 1, 1), zero = b.constant({groups}, 0, 0);
  const std::string even = b.node("InstanceNormalization", {apart, one, zero}, {b.shape(apart)},
                                  {{"epsilon", kWellConditioned}})[0];
  const std::string scaled = b.mul(b.reshape(even, map), b.constant({map[1], 1, 1}, 0.5F, 1.5F));
  return b.add(scaled, b.constant({map[1], 1, 1}));
}

std::string layer_norm(GraphBuilder& b, const std::string& x, bool as_parts) {
  const std::string last = b.transpose(x, {0, 2, 3, 1});
  const std::int64_t channels = b.shape(last)[3];
  const std::string scale = b.constant({channels}, 0.5F, 1.5F), shift = b.constant({channels});
  std::string even;
  if (as_parts) {
    const std::string centred =
        b.node("Sub", {last, reduced(b, "ReduceMean", last, 3)}, {b.shape(last)})[0];
    const std::string variance = reduced(b, "ReduceMean", b.mul(centred, centred), 3);
    const std::string spread = b.add(variance, scalar(b, kWellConditioned));
    const std::string deviation = b.node("Sqrt", {spread}, {b.shape(variance)})[0];
    const std::string divided = b.node("Div", {centred, deviation}, {b.shape(last)})[0];
    even = b.add(b.mul(divided, scale), shift);
  } else {
    even = b.node("LayerNormalization", {last, scale, shift}, {b.shape(last)},
                  {{"epsilon", kWellConditioned}})[0];
  }
  return b.transpose(even, {0, 3, 1, 2});
}

std::string channel_gates(GraphBuilder& b, const std::string& x, bool by_gemm) {
  const std::int64_t channels = b.shape(x)[1];
  const int made = static_cast<int>(channels);
  const std::string mean = pooled_to_one(b, x);
  if (!by_gemm) {
    const std::string few = b.relu(b.conv(mean, {.channels = 4, .kernel = 1}));
    return b.mul(x, b.sigmoid(b.conv(few, {.channels = made, .kernel = 1})));
  }
  const std::string flat =
      b.node("Flatten", {mean}, {{1, channels}}, {{"axis", std::int64_t{1}}})[0];
  const std::string few = b.relu(b.node("Gemm", {flat, b.constant({6, channels}), b.constant({6})},
                                        {{1, 6}}, {{"transB", std::int64_t{1}}})[0]);
  const std::string gates =
      b.node("Gemm", {few, b.constant({6, channels}), b.constant({channels})}, {{1, channels}})[0];
  return b.mul(x, b.reshape(b.sigmoid(gates), {1, channels, 1, 1}));
}

std::string spatial_gates(GraphBuilder& b, const std::string& x) {
  const std::string both =
      b.concat({reduced(b, "ReduceMean", x, 1), reduced(b, "ReduceMax", x, 1)});
  return b.mul(x, b.sigmoid(b.conv(both, {.channels = 1})));
}

std::string pixel_shuffle(GraphBuilder& b, const std::string& x, bool columns_first) {
  const Shape map = b.shape(x);
  return b.node(
      "DepthToSpace", {x}, {{1, map[1] / 4, map[2] * 2, map[3] * 2}},
      {{"blocksize", std::int64_t{2}}, {"mode", std::string(columns_first ? "CRD" : "DCR")}})[0];
}

std::string pixel_shuffle_in_pieces(GraphBuilder& b, const std::string& x) {
  const Shape map = b.shape(x);
  const std::string apart = b.reshape(x, {1, map[1] / 4, 2, 2, map[2], map[3]});
  return b.reshape(b.transpose(apart, {0, 1, 4, 2, 5, 3}), {1, map[1] / 4, map[2] * 2, map[3] * 2});
}

std::string grid_sample(GraphBuilder& b, const std::string& x) {
  const std::string places =
      b.node("Tanh", {b.conv(x, {.channels = 2})}, {{1, 2, b.shape(x)[2], b.shape(x)[3]}})[0];
  return b.node("GridSample", {x, b.transpose(places, {0, 2, 3, 1})}, {b.shape(x)})[0];
}

std::string token_mlp(GraphBuilder& b, const std::string& x, int hidden) {
  const Shape map = b.shape(x);
  const std::string wide = gelu(b, linear(b, as_tokens(b, x), hidden));
  return as_map(b, linear(b, wide, map[1]), map[2], map[3]);
}

}  // namespace pare::engine::test
