#include "engine/prune/correction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/ops/all_ops.h"
#include "engine/prune/importance.h"
#include "engine/prune/reconstruct.h"
#include "tests/engine/prune/calibrated.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const SupernetLineage kLineage{"aaaa", "bbbb", 7, 128, 900};

// A stem, a layer without a bias, and one that reads it.
Graph network() {
  GraphBuilder b(7);
  const std::string stem =
      b.silu(b.conv(b.input({1, 3, 10, 10}), {.channels = 16, .name = "stem"}));
  const std::string point =
      b.silu(b.conv(stem, {.channels = 8, .kernel = 1, .bias = false, .name = "point"}));
  b.output(b.conv(point, {.channels = 6, .kernel = 1, .name = "last"}));
  return b.build();
}

LayerChange random_change(const Shape& weights, unsigned seed) {
  return {random_tensor(weights, seed, -0.2F, 0.2F),
          random_tensor({weights[0]}, seed + 100, -0.2F, 0.2F)};
}

Supernet supernet() {
  Supernet made{kLineage, {0.1, 0.25, 0.5}, {}};
  for (unsigned k = 0; k < 3; ++k) {
    made.changes["point"].push_back(random_change({8, 16, 1, 1}, k));
    made.changes["last"].push_back(random_change({6, 8, 1, 1}, k + 10));
  }
  return made;
}

TEST(Correction, knots_weigh_piecewise_linearly_and_not_at_all_where_nothing_is_removed) {
  const double knots[] = {0.1, 0.25, 0.5};
  EXPECT_THAT(knot_weights(knots, 0), ElementsAre(0, 0, 0));
  EXPECT_THAT(knot_weights(knots, 0.05), ElementsAre(0.5, 0, 0));
  EXPECT_THAT(knot_weights(knots, 0.1), ElementsAre(1, 0, 0));
  EXPECT_THAT(knot_weights(knots, 0.25), ElementsAre(0, 1, 0));
  EXPECT_THAT(knot_weights(knots, 0.375), ElementsAre(0, 0.5, 0.5));
  EXPECT_THAT(knot_weights(knots, 0.9), ElementsAre(0, 0, 1));
}

TEST(Correction, a_network_that_loses_nothing_is_the_original_bit_for_bit) {
  const Graph body = network();
  EXPECT_TRUE(corrected(body, supernet(), 0).value() == body);
}

TEST(Correction, every_weight_and_bias_gets_what_its_knots_say) {
  const Graph body = network();
  const Supernet net = supernet();
  const Graph after = corrected(body, net, 0.175).value();  // half way from knot 0 to knot 1
  const auto weights = [](const Graph& graph, const char* layer, std::size_t input) {
    return graph.constants.at(find_node(graph, layer)->inputs.at(input)).values<float>();
  };
  for (const std::size_t input : {std::size_t{1}, std::size_t{2}}) {
    const auto was = weights(body, "last", input), is = weights(after, "last", input);
    const auto change = [&](std::size_t k, std::size_t i) {
      const LayerChange& c = net.changes.at("last")[k];
      return (input == 1 ? c.weights : c.bias).values<float>()[i];
    };
    for (std::size_t i = 0; i < was.size(); ++i) {
      EXPECT_NEAR(is[i], was[i] + 0.5F * change(0, i) + 0.5F * change(1, i), 1e-6);
    }
  }
  // "point" had no bias and has one now.
  EXPECT_NEAR(weights(after, "point", 2)[3],
              0.5F * net.changes.at("point")[0].bias.values<float>()[3] +
                  0.5F * net.changes.at("point")[1].bias.values<float>()[3],
              1e-6);
}

TEST(Correction, a_repair_of_corrected_weights_is_the_corrected_repair) {
  const Analysed m = analyse(network());
  const Statistics statistics = statistics_of(m, 8);
  const UnitOrders orders = rank_units(m.graph, m.groups, Importance::kGram, statistics).value();
  const RemovedUnits removed = select_units(m.groups, {{"stem", 9}, {"point", 5}}, orders).value();
  const auto repaired = [&](double share) {
    const Graph graph = corrected(m.graph, supernet(), share).value();
    const Graph full = reconstruct(graph, m.groups, removed, statistics).value();
    return prune(full, m.observed, all_ops(), m.groups, removed).value().graph;
  };
  const Graph none = repaired(0), whole = repaired(0.1), half = repaired(0.05);
  const auto values = [](const Graph& g) {
    return g.constants.at(find_node(g, "last")->inputs[1]).values<float>();
  };
  ASSERT_EQ(values(half).size(), 6U * 5U);
  double moved = 0;
  for (std::size_t i = 0; i < values(half).size(); ++i) {
    EXPECT_NEAR(values(half)[i], (values(none)[i] + values(whole)[i]) / 2, 1e-5);
    moved += std::abs(values(whole)[i] - values(none)[i]);
  }
  EXPECT_GT(moved, 0.1);
}

Supernet read_back(const TensorFile& file) {
  const auto bytes = encode_tensor_file(file);
  const auto read = decode_tensor_file(std::as_bytes(std::span(bytes)));
  return load_supernet(read.value()).value();
}

// How far `b` is from `a`, as a share of the largest number of `a`.
float distance(const Tensor& a, const Tensor& b) {
  float most = 0, far = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    most = std::max(most, std::abs(a.values<float>()[at]));
    far = std::max(far, std::abs(a.values<float>()[at] - b.values<float>()[at]));
  }
  return most == 0 ? far : far / most;
}

TEST(Correction, a_super_network_comes_back_from_its_file_to_a_part_in_two_thousand) {
  Supernet made = supernet();
  made.lineage.training = R"({"steps":900})";
  // Of a layer that reads bytes: no half has digits for it.
  for (LayerChange& change : made.changes["last"]) {
    std::vector<float> tiny(change.weights.values<float>().begin(),
                            change.weights.values<float>().end());
    for (float& value : tiny) value *= 1e-7F;
    change.weights = Tensor::of<float>(change.weights.shape(), std::span<const float>(tiny));
  }
  const Supernet back = read_back(to_tensor_file(made));
  EXPECT_EQ(back.lineage, made.lineage);
  EXPECT_EQ(back.knots, made.knots);
  ASSERT_EQ(back.changes.size(), made.changes.size());
  for (const auto& [layer, changes] : made.changes) {
    ASSERT_EQ(back.changes.at(layer).size(), changes.size());
    for (std::size_t k = 0; k < changes.size(); ++k) {
      const LayerChange& other = back.changes.at(layer)[k];
      EXPECT_LT(distance(changes[k].weights, other.weights), 1.0F / 2048) << layer;
      EXPECT_LT(distance(changes[k].bias, other.bias), 1.0F / 2048) << layer;
    }
  }
  EXPECT_EQ(read_back(to_tensor_file(back)), back) << "what was read once stays as it is";
}

Int8Change int8_change() {
  return {{{"last", random_change({6, 8, 1, 1}, 50)}}, {{"stem_out", 0.75}, {"point_out", 1.5}}};
}

TEST(Correction, what_int8_asks_for_touches_int8_alone_and_comes_back_from_its_file) {
  const Graph body = network();
  Supernet net = supernet();
  net.int8 = int8_change();
  EXPECT_TRUE(corrected(body, net, 0.3).value() == corrected(body, supernet(), 0.3).value());
  EXPECT_TRUE(corrected_for_int8(body, {}).value() == body);
  const Graph after = corrected_for_int8(body, net.int8).value();
  const auto was = body.constants.at(find_node(body, "last")->inputs[1]);
  const auto is = after.constants.at(find_node(after, "last")->inputs[1]);
  EXPECT_NEAR(is.values<float>()[5] - was.values<float>()[5],
              net.int8.changes.at("last").weights.values<float>()[5], 1e-6);
  const Int8Change back = read_back(to_tensor_file(net)).int8;
  EXPECT_EQ(back.range_factors, net.int8.range_factors);
  ASSERT_EQ(back.changes.size(), 1U);
  EXPECT_LT(distance(net.int8.changes.at("last").weights, back.changes.at("last").weights),
            1.0F / 2048);
}

TEST(Correction, a_factor_that_is_no_number_above_zero_is_refused_by_its_entry) {
  Supernet net = supernet();
  net.int8 = int8_change();
  for (const float factor : {0.0F, -1.0F, std::numeric_limits<float>::infinity()}) {
    TensorFile file = to_tensor_file(net);
    file.tensors["int8/range/stem_out"] = Tensor::of<float>({}, std::span(&factor, 1));
    const auto read = load_supernet(file);
    ASSERT_FALSE(read) << factor;
    EXPECT_THAT(read.error().message, HasSubstr("int8/range/stem_out")) << factor;
  }
}

TEST(Correction, a_file_of_before_in_single_precision_is_read_to_the_bit) {
  TensorFile file = to_tensor_file(supernet());
  for (const auto& [layer, changes] : supernet().changes) {
    for (std::size_t k = 0; k < changes.size(); ++k) {
      const std::string key = "change/" + std::to_string(k);
      for (const auto& [part, numbers] :
           {std::pair("/weights/", changes[k].weights), std::pair("/bias/", changes[k].bias)}) {
        file.tensors[key + part + layer] = numbers;
        file.tensors.erase("scale/" + key + part + layer);
      }
    }
  }
  EXPECT_EQ(read_back(file), supernet());
}

TEST(Correction, another_model_is_refused_by_name) {
  EXPECT_TRUE(check_lineage(supernet(), "aaaa"));
  const auto model = check_lineage(supernet(), "cccc");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message,
            "the super-network was trained with the model aaaa, not with cccc");
}

TEST(Correction, a_layer_that_the_model_lacks_or_has_in_another_size_is_named) {
  const Graph body = network();
  Supernet unknown = supernet();
  unknown.changes["head"] = unknown.changes["last"];
  auto refused = corrected(body, unknown, 0.1);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("no layer head"));
  Supernet other = supernet();
  for (LayerChange& change : other.changes["last"]) change = random_change({6, 9, 1, 1}, 1);
  refused = corrected(body, other, 0.1);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("last has weights 6x8x1x1 here and 6x9x1x1 there"));
}

TEST(Correction, a_file_that_is_no_super_network_is_refused_by_its_entry) {
  const TensorFile whole = to_tensor_file(supernet());
  const auto refusal = [](const TensorFile& file) {
    const auto read = load_supernet(file);
    EXPECT_FALSE(read);
    return read ? "" : read.error().message;
  };
  EXPECT_THAT(refusal({}), HasSubstr("the format is \"\""));
  TensorFile file = whole;
  file.metadata["steps"] = "many";
  EXPECT_THAT(refusal(file), HasSubstr("steps is \"many\""));
  file = whole;
  file.tensors.erase("change/2/bias/last");
  EXPECT_THAT(refusal(file), HasSubstr("change/2/bias/last is missing"));
  file = whole;
  file.tensors.erase("scale/change/1/weights/last");
  EXPECT_THAT(refusal(file), HasSubstr("scale/change/1/weights/last is not one float32 number"));
  file = whole;
  file.tensors["change/1/weights/last"] = random_tensor({6, 9, 1, 1}, 1, 0, 1);
  EXPECT_THAT(refusal(file), HasSubstr("change/1/weights/last is 6x9x1x1"));
  file = whole;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  file.tensors["change/0/bias/last"] = Tensor::of<float>({1}, std::span(&nan, 1));
  EXPECT_THAT(refusal(file), HasSubstr("change/0/bias/last holds"));
  file = whole;
  const double knots[] = {0.5, 0.25};
  file.tensors["knots"] = Tensor::of<double>({2}, knots);
  EXPECT_THAT(refusal(file), HasSubstr("knot 0.25"));
}

}  // namespace
}  // namespace pare::engine::test
