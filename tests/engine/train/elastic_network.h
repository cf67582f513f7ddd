// A small detector's body with a head of YOLOX's form, and what `prepare` would know of it.
#pragma once

#include <memory>
#include <random>

#include "engine/ops/all_ops.h"
#include "engine/prune/importance.h"
#include "engine/train/elastic/elastic_body.h"
#include "tests/engine/prune/calibrated.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

// A residual branch, a depthwise layer, a shuffle, a layer without a bias; strides 8 and 16.
inline Graph elastic_graph(HeadMatch& head) {
  GraphBuilder b(5);
  auto x = b.silu(b.conv(b.input({1, 3, 32, 48}), {.channels = 16, .stride = 4}));
  x = b.silu(b.conv(x, {.channels = 16, .stride = 2}));
  x = b.add(x, b.silu(b.conv(b.silu(b.conv(x, {.channels = 24, .kernel = 1})),
                             {.channels = 16, .kernel = 3})));
  x = b.relu(b.conv(x, {.channels = 16, .kernel = 5, .groups = 16}));
  x = b.channel_shuffle(b.silu(b.conv(x, {.channels = 32, .kernel = 1, .bias = false})), 2);
  head = {.head = "yolox", .classes = 3};
  for (const int stride : {8, 16}) {
    HeadLevel level{.stride = stride, .tensors = {}};
    const auto tower = b.silu(b.conv(x, {.channels = 16, .kernel = 1}));
    for (const int channels : {4, 1, 3}) {
      level.tensors.push_back(b.conv(tower, {.channels = channels, .kernel = 1}));
      b.output(level.tensors.back());
    }
    head.levels.push_back(level);
    if (stride == 8) x = b.silu(b.conv(x, {.channels = 32, .stride = 2}));
  }
  return b.build();
}

struct ElasticNetwork {
  HeadMatch head;
  Analysed model = analyse(elastic_graph(head));
  Statistics statistics = statistics_of(model, 6);
  Ranking ranking = rank_by_gram(model.graph, model.groups, statistics).value();

  ElasticBody body() const {
    return {model.graph, model.observed, model.groups, head, statistics, all_ops()};
  }
};

// As if they had been trained for long.
inline void draw_values(const torch::Tensor& values, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw(0, 0.1F);
  for (std::int64_t i = 0; i < values.numel(); ++i) values.data_ptr<float>()[i] = draw(random);
}

}  // namespace pare::engine::test
