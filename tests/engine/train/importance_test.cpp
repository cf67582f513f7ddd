#include <gtest/gtest.h>

#include <algorithm>

#include "engine/train/graph/torch_tensor.h"
#include "engine/train/importance/gradient_importance.h"
#include "engine/train/importance/learned_gates.h"
#include "engine/train/importance/output_probe.h"
#include "engine/train/importance/unit_gates.h"
#include "tests/engine/train/elastic_network.h"

namespace pare::engine::test {
namespace {

std::vector<std::string> outputs_of(const ElasticBody& body) {
  std::vector<std::string> names;
  for (const TensorInfo& output : body.graph.outputs) names.push_back(output.name);
  return names;
}

std::vector<torch::Tensor> images(int count) {
  std::vector<torch::Tensor> made;
  for (int i = 0; i < count; ++i) {
    made.push_back(to_torch(random_tensor({1, 3, 32, 48}, 40 + static_cast<unsigned>(i), 0, 1)));
  }
  return made;
}

// Nobody reads these units of the first group any more.
constexpr int kIdle = 3;

RemovedUnits first_units(const Groups& groups, int count) {
  std::size_t symbols = 0;
  for (const auto& group : groups.groups) {
    for (const Symbol unit : group.units) symbols = std::max<std::size_t>(symbols, unit + 1);
  }
  for (const auto& cuts : groups.cuts) {
    for (const Cut& cut : cuts) {
      for (const Symbol s : cut.symbols) symbols = std::max<std::size_t>(symbols, s + 1);
    }
  }
  RemovedUnits removed(symbols, false);
  for (int u = 0; u < count; ++u)
    removed[groups.groups[0].units[static_cast<std::size_t>(u)]] = true;
  return removed;
}

torch::Tensor gates_of(const Groups& groups, const RemovedUnits& removed) {
  std::vector<float> gates;
  for (const Group& group : groups.groups) {
    for (const Symbol unit : group.units) gates.push_back(removed[unit] ? 0 : 1);
  }
  return torch::tensor(gates);
}

TEST(UnitGates, a_network_whose_gates_close_is_the_muted_one) {
  const ElasticNetwork network;
  const ElasticBody body = network.body();
  const UnitGates gates = UnitGates::make(body.graph, body.groups).value();
  GraphModule whole = GraphModule::make(body.graph, Trainable::kNothing).value();
  for (const unsigned seed : {1U, 2U, 3U}) {
    const RemovedUnits removed = select_units(body.groups, random_widths(body.groups, seed),
                                              random_orders(body.groups, seed))
                                     .value();
    GraphModule muted = GraphModule::make(mute(body.graph, body.observed, body.groups, removed),
                                          Trainable::kNothing)
                            .value();
    const auto expected = muted.forward({images(1)[0]}, outputs_of(body)).value();
    const auto actual =
        whole.forward({images(1)[0]}, outputs_of(body), gates.gated(gates_of(body.groups, removed)))
            .value();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(torch::allclose(actual[i], expected[i], 1e-5, 1e-6)) << seed << ": output " << i;
    }
  }
}

// What a gate's square of a small change does to the loss, over twice that square.
double half_curvature(const ElasticBody& body, std::int64_t unit) {
  constexpr double kClosed = 0.02;
  const UnitGates gates = UnitGates::make(body.graph, body.groups).value();
  GraphModule module = GraphModule::make(body.graph, Trainable::kNothing).value();
  const HeadChannels head = head_channels(body.head, outputs_of(body));
  double sum = 0;
  const auto inputs = images(4);
  for (const torch::Tensor& input : inputs) {
    const auto teacher = module.forward({input}, outputs_of(body)).value();
    torch::Tensor other = torch::ones({gates.size()});
    other[unit] = 1 - kClosed;
    const auto student = module.forward({input}, outputs_of(body), gates.gated(other)).value();
    sum += head_loss(head, student, teacher).item<double>() / (kClosed * kClosed);
  }
  return sum / static_cast<double>(inputs.size());
}

TEST(GradientImportance, fisher_is_what_the_loss_rises_by) {
  const ElasticNetwork network;
  const ElasticBody body = network.body();
  const auto scores = gradient_importance(body, images(4), {.probes = 400, .seed = 1}).value();
  std::int64_t unit = 0;
  for (const Group& group : body.groups.groups) {
    const auto& fisher = scores.fisher.at(group.name);
    for (std::size_t u = 0; u < group.units.size(); u += 5) {
      const double wanted = half_curvature(body, unit + static_cast<std::int64_t>(u));
      EXPECT_NEAR(fisher[u], wanted, 0.35 * wanted + 1e-6) << group.name << ", unit " << u;
    }
    unit += std::ssize(group.units);
  }
}

TEST(GradientImportance, units_that_nobody_reads_are_worth_nothing) {
  ElasticNetwork network;
  const RemovedUnits idle = first_units(network.model.groups, kIdle);
  network.model.graph =
      mute(network.model.graph, network.model.observed, network.model.groups, idle);
  const auto scores = gradient_importance(network.body(), images(2), {}).value();
  const std::string& group = network.model.groups.groups[0].name;
  for (const auto* kind : {&scores.taylor, &scores.fisher}) {
    for (std::size_t u = 0; u < kind->at(group).size(); ++u) {
      EXPECT_EQ(kind->at(group)[u] > 0, u >= kIdle) << u;
    }
  }
}

// The last layers' outputs are the probed ones: their worth is the curvature itself.
TEST(GradientImportance, worth_of_the_last_outputs_is_the_curvature_of_the_loss) {
  const ElasticNetwork network;
  const ElasticBody body = network.body();
  const auto scores = gradient_importance(body, images(1), {.probes = 2, .seed = 1}).value();
  GraphModule module = GraphModule::make(body.graph, Trainable::kNothing).value();
  const auto said = module.forward({images(1)[0]}, outputs_of(body)).value();
  const auto probe = output_probe(head_channels(body.head, outputs_of(body)), said, 5);
  for (std::size_t i = 0; i < said.size(); ++i) {
    const auto maker = std::ranges::find_if(body.graph.nodes, [&](const Node& node) {
      return node.outputs[0] == body.graph.outputs[i].name;
    });
    const torch::Tensor own = probe[i].square().sum({0, 2, 3});
    const auto& worth = scores.worth.at(maker->name);
    for (std::int64_t c = 0; c < own.numel(); ++c) {
      const double wanted = own[c].item<double>();
      EXPECT_NEAR(worth[static_cast<std::size_t>(c)], wanted, 0.02 * wanted) << i << ", " << c;
    }
  }
}

TEST(GradientImportance, an_unknown_head_is_probed_by_the_spread_of_its_channels) {
  ElasticNetwork network;
  network.head = {};
  const auto scores = gradient_importance(network.body(), images(2), {}).value();
  for (const auto& [group, fisher] : scores.fisher) {
    EXPECT_GT(*std::ranges::max_element(fisher), 0) << group;
  }
  EXPECT_FALSE(gradient_importance(network.body(), {}, {}));
}

TEST(LearnedGates, close_as_far_as_asked_and_idle_units_first) {
  torch::manual_seed(1);
  ElasticNetwork network;
  const RemovedUnits idle = first_units(network.model.groups, kIdle);
  network.model.graph =
      mute(network.model.graph, network.model.observed, network.model.groups, idle);
  const auto inputs = images(4);
  double closed = 0;
  const GateOptions options{.steps = 60, .rate = 0.02, .closed = 0.3};
  const auto gates = learned_gates(
      network.body(), [&](std::int64_t step) { return inputs[static_cast<std::size_t>(step) % 4]; },
      options, [&](const GateProgress& p) { closed = p.closed; });
  ASSERT_TRUE(gates) << gates.error().message;
  EXPECT_NEAR(closed, options.closed, 0.02);
  const auto& own = gates.value().at(network.model.groups.groups[0].name);
  const double most_idle = *std::max_element(own.begin(), own.begin() + kIdle);
  const double most = *std::ranges::max_element(own);
  EXPECT_LT(most_idle, 0.7 * most);
}

TEST(LearnedGates, an_unknown_head_is_refused) {
  ElasticNetwork network;
  network.head = {};
  const auto gates = learned_gates(
      network.body(), [&](std::int64_t) { return images(1)[0]; }, {}, [](const GateProgress&) {});
  ASSERT_FALSE(gates);
  EXPECT_NE(gates.error().message.find("head"), std::string::npos);
}

}  // namespace
}  // namespace pare::engine::test
