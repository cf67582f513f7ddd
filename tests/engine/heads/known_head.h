// A detector whose head was found, at its own size and others, and what a decoder of the test's own
// makes of its raw maps.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/passes/resize_input.h"
#include "tests/engine/heads/small_detectors.h"

namespace pare::engine::test {

template <typename T>
T unwrap(Result<T> result) {
  PARE_CHECK(result.has_value(), result.error().message);
  return std::move(result).value();
}

inline std::vector<Tensor> outputs_on_noise(const Graph& graph, unsigned seed = 5) {
  const auto runner = unwrap(make_openvino_runner(graph));
  return unwrap(runner->run({random_tensor(graph.inputs[0].shape, seed, 0, 1)}));
}

struct KnownHead {
  Graph graph;
  Observation seen;
  HeadMatch match;

  explicit KnownHead(Graph of)
      : graph(std::move(of)), seen(observed(graph)), match(unwrap(find_head(graph, seen))) {}

  Graph body_at(int height, int width) const {
    const Graph body = cut(graph, seen, match);
    return unwrap(resize_input(body, observed(body), height, width));
  }
  Graph at(int height, int width) const {
    Graph whole = unwrap(attach_head(body_at(height, width), match));
    PARE_CHECK(verify(whole).has_value(), verify(whole).error().message);
    return whole;
  }
};

// A raw map of a level.
struct RawMap {
  Tensor tensor;

  std::int64_t channels() const { return tensor.shape()[1]; }
  std::int64_t ny() const { return tensor.shape()[2]; }
  std::int64_t nx() const { return tensor.shape()[3]; }
  double at(std::int64_t channel, std::int64_t y, std::int64_t x) const {
    const auto place = (channel * ny() + y) * nx() + x;
    return static_cast<double>(tensor.values<float>()[static_cast<std::size_t>(place)]);
  }
};

inline const RawMap& of_channels(const std::vector<RawMap>& maps, std::int64_t channels) {
  for (const RawMap& map : maps) {
    if (map.channels() == channels) return map;
  }
  PARE_CHECK(false, "a level has a map of so many channels");
  return maps[0];
}

// Every cell of a map, by its line and column.
template <typename Use>
void each_cell(const RawMap& map, Use use) {
  for (std::int64_t y = 0; y < map.ny(); ++y) {
    for (std::int64_t x = 0; x < map.nx(); ++x) use(y, x);
  }
}

inline double sigmoid_of(double x) {
  return 1 / (1 + std::exp(-x));
}

// What one level's maps say, in any order.
using LevelDecoder =
    std::function<std::vector<Detection>(const HeadLevel& level, const std::vector<RawMap>& maps)>;

// Of a body's outputs on the noise that outputs_on_noise() makes.
inline std::vector<Detection> decoded_by(const LevelDecoder& decoder, const Graph& body,
                                         const HeadMatch& match) {
  const auto outputs = outputs_on_noise(body);
  std::vector<Detection> found;
  std::size_t next = 0;
  for (const HeadLevel& level : match.levels) {
    std::vector<RawMap> maps;
    for (std::size_t i = 0; i < level.tensors.size(); ++i) maps.push_back({outputs[next++]});
    for (const Detection& one : decoder(level, maps)) found.push_back(one);
  }
  return found;
}

inline bool is_same_box(const Detection& a, const Detection& b) {
  const double most = 1e-4 * std::max({1.0, b.box.width, b.box.height});
  return a.category == b.category && std::abs(a.score - b.score) < 1e-4 &&
         std::abs(a.box.x - b.box.x) < most && std::abs(a.box.y - b.box.y) < most &&
         std::abs(a.box.width - b.box.width) < most && std::abs(a.box.height - b.box.height) < most;
}

// In any order.
inline void expect_same_boxes(const std::vector<Detection>& actual,
                              const std::vector<Detection>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  std::vector<bool> taken(actual.size(), false);
  for (const Detection& wanted : expected) {
    std::size_t i = 0;
    while (i < actual.size() && (taken[i] || !is_same_box(actual[i], wanted))) ++i;
    ASSERT_LT(i, actual.size()) << "no box of class " << wanted.category << " at " << wanted.box.x
                                << ", " << wanted.box.y << ", " << wanted.box.width << " x "
                                << wanted.box.height << ", " << wanted.score;
    taken[i] = true;
  }
}

// Found, cut off and attached again at its own size and at two others, a detector's boxes are those
// that `decoder` makes of its raw maps.
inline void expect_decoded_as(const Graph& graph, const std::string& head,
                              const LevelDecoder& decoder, double score_threshold = 0) {
  const Observation seen = observed(graph);
  const auto match = find_head(graph, seen);
  ASSERT_TRUE(match) << match.error().message;
  ASSERT_EQ(match.value().head, head);
  const KnownHead known(graph);
  const auto height = static_cast<int>(graph.inputs[0].shape[2]);
  const auto width = static_cast<int>(graph.inputs[0].shape[3]);
  EXPECT_LT(difference(graph, known.at(height, width)), 1e-5);
  const int stride = largest_stride(known.match);
  for (const auto& [h, w] : {std::pair(height, width), std::pair(height + stride, width + stride),
                             std::pair(height, width + 2 * stride)}) {
    SCOPED_TRACE(std::to_string(h) + " x " + std::to_string(w));
    const auto found = unwrap(head_for(head, known.match.description))
                           .decode(outputs_on_noise(known.at(h, w)), h, w, score_threshold);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_FALSE(found.value().empty());
    expect_same_boxes(found.value(), decoded_by(decoder, known.body_at(h, w), known.match));
  }
}

}  // namespace pare::engine::test
