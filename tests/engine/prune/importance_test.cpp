#include "engine/prune/importance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/prune/pruning_check.h"
#include "tests/engine/prune/random_network.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using testing::ElementsAre;

Analysed two_layers() {
  GraphBuilder b;
  const std::string stem =
      b.conv(b.input({1, 1, 4, 4}), {.channels = 4, .kernel = 1, .name = "stem"});
  b.output(b.conv(stem, {.channels = 2, .kernel = 1, .name = "last"}));
  Graph graph = b.build();
  graph.constants["stem.weight"] = Tensor::of<float>({4, 1, 1, 1}, std::vector<float>{3, -9, 1, 5});
  return analyse(std::move(graph));
}

TEST(Importance, norms_rank_by_the_weights_that_make_a_channel) {
  const Analysed model = two_layers();
  for (const Importance importance : {Importance::kL1, Importance::kL2}) {
    const auto orders = rank_units(model.graph, model.groups, importance, {});
    ASSERT_TRUE(orders);
    EXPECT_THAT(orders.value().at("stem"), ElementsAre(1, 3, 0, 2));
  }
}

TEST(Importance, every_order_is_a_permutation_whose_first_units_cover_every_tensor) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const Analysed model = analyse(random_network(seed));
    const auto orders = rank_units(model.graph, model.groups, Importance::kRandom, {});
    ASSERT_TRUE(orders);
    for (const Group& group : model.groups.groups) {
      std::vector<int> order = orders.value().at(group.name);
      const auto least = static_cast<int>(std::max<std::size_t>(1, group.covers.size()));
      EXPECT_TRUE(select_units(model.groups, {{group.name, least}}, orders.value()))
          << "seed " << seed << ", " << group.name;
      std::ranges::sort(order);
      for (std::size_t u = 0; u < order.size(); ++u) EXPECT_EQ(order[u], static_cast<int>(u));
    }
  }
}

TEST(Importance, random_orders_depend_on_the_groups_name_only) {
  GraphBuilder b;
  const std::string one = b.conv(b.input({1, 3, 4, 4}), {.channels = 16, .name = "one"});
  b.output(b.conv(b.conv(one, {.channels = 16, .name = "two"}), {.channels = 2}));
  const Analysed model = analyse(b.build());
  const UnitOrders orders = rank_units(model.graph, model.groups, Importance::kRandom, {}).value();
  EXPECT_NE(orders.at("one"), orders.at("two"));
  EXPECT_EQ(orders, rank_units(model.graph, model.groups, Importance::kRandom, {}).value());
}

TEST(Importance, what_was_stored_is_loaded) {
  const UnitOrders orders{{"a", {2, 0, 1}}, {"b/c", {0}}};
  TensorFile file;
  store(orders, Importance::kGram, file);
  EXPECT_EQ(load_orders(file, Importance::kGram).value(), orders);
  const auto missing = load_orders(file, Importance::kL1);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "the statistics hold no order by l1");
}

TEST(Importance, a_ranking_comes_back_with_its_damages_and_orders_alone_are_no_ranking) {
  const Ranking ranking{{{"a", {2, 0, 1}}, {"b/c", {0}}}, {{"a", {3, 2, 1, 0}}, {"b/c", {1, 0}}}};
  TensorFile file;
  store(ranking, file);
  const Ranking back = load_ranking(file).value();
  EXPECT_EQ(back.orders, ranking.orders);
  EXPECT_EQ(back.damage, ranking.damage);
  TensorFile old = file;
  old.tensors.erase("damage/b/c");
  const auto missing = load_ranking(old);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, testing::HasSubstr("group b/c"));
  file.tensors["damage/a"] = Tensor::of<double>({2}, std::vector<double>{1, 0});
  const auto other = load_ranking(file);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "statistics: damage/a is of another network");
}

TEST(Importance, an_order_that_is_not_there_is_named_with_what_makes_it) {
  TensorFile file;
  store(UnitOrders{{"a", {1, 0}}}, Importance::kFisher, file);
  EXPECT_EQ(load_orders(file, Importance::kFisher).value().at("a"), (std::vector<int>{1, 0}));
  const auto missing = load_orders(file, Importance::kGates);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message,
            "the statistics hold no order by gates: `pare-train importance` learns it");
}

TEST(Importance, statistics_that_knew_fewer_groups_are_told_from_todays) {
  const Analysed model = two_layers();
  UnitOrders orders = rank_units(model.graph, model.groups, Importance::kL2, {}).value();
  EXPECT_TRUE(check_orders(orders, model.groups));
  const std::string name = model.groups.groups[0].name;
  orders[name].pop_back();
  EXPECT_FALSE(check_orders(orders, model.groups));
  orders.erase(name);
  const auto missing = check_orders(orders, model.groups);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, testing::HasSubstr("group " + name));
}

TEST(Importance, the_highest_score_comes_first_behind_what_must_cover) {
  const Analysed model = two_layers();
  std::map<std::string, std::vector<double>> scores;
  for (const Group& group : model.groups.groups) {
    for (std::size_t u = 0; u < group.units.size(); ++u) {
      scores[group.name].push_back(static_cast<double>((u * 5) % group.units.size()));
    }
  }
  for (const auto& [name, order] : orders_by_score(model.groups, scores)) {
    std::vector<double> sorted;
    for (const int u : order) sorted.push_back(scores.at(name)[static_cast<std::size_t>(u)]);
    EXPECT_TRUE(std::ranges::is_sorted(sorted, std::ranges::greater{})) << name;
  }
}

TEST(Importance, a_missing_gram_names_the_layer) {
  const Analysed model = two_layers();
  const auto refused = rank_units(model.graph, model.groups, Importance::kGram, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the statistics know nothing of layer last");
}

}  // namespace
}  // namespace pare::engine::test
