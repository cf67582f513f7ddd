// Whatever a model's summary says, its space can be drawn from, changed, mixed, learnt from, and
// spelt as plans.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>

#include "search/draw.h"
#include "search/seeds.h"
#include "search/space.h"
#include "search/strategy.h"
#include "search/surrogate/encoding.h"
#include "tests/search/small_detector.h"

namespace pare::search {
namespace {

int below(std::mt19937& rng, int count) {
  return static_cast<int>(rng() % static_cast<unsigned>(count));
}

ChannelGroup group_of(int number, int channels, int step) {
  ChannelGroup group;
  group.name = "group" + std::to_string(number);
  group.producers = {"layer" + std::to_string(number)};
  group.channels = channels;
  for (int width = step; width < channels; width += step) group.widths.push_back(width);
  group.widths.push_back(channels);
  return group;
}

// Of up to `layers` layers, none among them, with groups of 1 to 5,000 channels.
ModelSummary any_model(std::mt19937& rng, int layers) {
  ModelSummary model;
  model.sha256 = std::string(64, 'a');
  model.card.height = 32 * (1 + below(rng, 20));
  model.card.width = 32 * (1 + below(rng, 20));
  model.stride = below(rng, 3) == 0 ? 0 : 32;
  for (int i = 0; i < layers; ++i) {
    const int channels = 1 + below(rng, below(rng, 2) == 0 ? 64 : 5000);
    Layer layer;
    layer.name = "layer" + std::to_string(i);
    layer.op = "Conv";
    layer.in_channels = layer.out_channels = channels;
    layer.groups = below(rng, 3) == 0 ? channels : 1;
    model.layers.push_back(layer);
    if (below(rng, 4) > 0) model.groups.push_back(group_of(i, channels, 1 + below(rng, 16)));
    if (below(rng, 5) == 0) model.output_layers.push_back(layer.name);
  }
  if (below(rng, 2) == 0) model.activations = {"LeakyRelu"};
  return model;
}

// `sensitive` of the model's layers, and some of its groups.
Guidance any_guidance(std::mt19937& rng, const ModelSummary& model, std::size_t sensitive) {
  Guidance guidance;
  for (std::size_t i = 0; i < std::min(sensitive, model.layers.size()); ++i) {
    guidance.int8_layers.push_back({model.layers[i].name, 1.0 / static_cast<double>(i + 1)});
  }
  for (const ChannelGroup& group : model.groups) {
    if (below(rng, 2) == 0) continue;
    GroupSensitivity& measured = guidance.groups.emplace_back();
    measured.group = group.name;
    for (const int width : group.widths) {
      measured.widths.push_back(width);
      measured.damage.push_back(0.1 * below(rng, 10));
      measured.macs_saved.push_back(below(rng, 1000));
    }
  }
  return guidance;
}

Space any_space(std::mt19937& rng, std::size_t sensitive) {
  const ModelSummary model = any_model(rng, below(rng, 9));
  PrecisionChoices int8;
  int8.depthwise_in_fp32 = below(rng, 2) == 0;
  if (below(rng, 2) == 0) int8.weight_bits = {7};
  SpaceLimits limits;
  limits.min_scale = 0.5;
  if (below(rng, 3) == 0) limits.precisions = {Precision::kInt8};
  auto space =
      Space::make(model, limits, Recovery::kReconstruct, int8, any_guidance(rng, model, sensitive));
  EXPECT_TRUE(space.has_value()) << space.error().message;
  return std::move(space).value();
}

void expect_in(const Space& space, const Encoding& encoding, const Genome& genome) {
  ASSERT_TRUE(space.offers(genome));
  EXPECT_EQ(space.canonical(genome), genome);
  const auto back = space.genome_of(space.plan_of(genome));
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(back.value(), genome);
  if (encoding.columns().empty()) return;
  const Code code = encoding(genome);
  ASSERT_EQ(code.size(), encoding.columns().size());
  for (std::size_t j = 0; j < code.size(); ++j) EXPECT_LT(code[j], encoding.columns()[j].levels);
}

TEST(AnySpace, every_decision_decides_and_every_draw_is_a_plan_of_it) {
  std::mt19937 rng(1);
  for (int i = 0; i < 300; ++i) {
    SCOPED_TRACE(i);
    const Space space = any_space(rng, static_cast<std::size_t>(i % 4));  // one layer among them
    const Encoding encoding(space);
    for (const Decision& d : space.decisions()) {
      EXPECT_GT(d.choices, 1) << d.name;
      EXPECT_LT(d.original, d.choices) << d.name;
    }
    Genome last = space.original();
    expect_in(space, encoding, last);
    for (const Genome& seed : seeds(space)) expect_in(space, encoding, seed);
    for (unsigned draw = 0; draw < 20; ++draw) {
      Random random(static_cast<std::uint64_t>(i), draw);
      const Genome drawn = draw_mild(space, random, 1 + 0.1 * draw);
      expect_in(space, encoding, drawn);
      last = cross(space, last, mutate(space, drawn, random), random);
      expect_in(space, encoding, last);
    }
  }
}

TEST(AnySpace, every_strategy_searches_it) {
  std::mt19937 rng(2);
  for (int i = 0; i < 10; ++i) {
    const Space space = any_space(rng, static_cast<std::size_t>(i % 4));
    for (const std::string_view name : strategy_names()) {
      SCOPED_TRACE(std::to_string(i) + " " + std::string(name));
      const auto strategy = with_seeds(seeds(space), make_strategy(name, space, 3).value());
      std::set<Genome> seen;
      for (int trial = 1; trial <= 24; ++trial) {
        const std::vector<Genome> asked = strategy->ask(1);
        if (asked.empty()) break;  // a small one
        ASSERT_TRUE(space.offers(asked[0]));
        EXPECT_TRUE(seen.insert(asked[0]).second);
        strategy->tell({{observe(space, asked[0], trial, 1)}});
      }
    }
  }
}

TEST(AnySpace, wider_is_never_a_lower_level_however_many_widths_there_are) {
  for (const int channels : {1, 2, 255, 256, 257, 300, 2048, 2049, 5000}) {
    ModelSummary model = small_detector(0);
    model.groups = {group_of(0, channels, 1)};
    const Space space = Space::make(model, {}, Recovery::kReconstruct).value();
    const Encoding encoding(space);
    const std::vector<std::size_t> widths = space.of_family(family::kWidth);
    if (widths.empty()) continue;  // one channel
    Genome genome = space.original();
    std::set<int> levels;
    for (int choice = 0; choice < channels; ++choice) {
      genome.choices[widths.front()] = choice;
      levels.insert(encoding(genome)[widths.front()]);
      EXPECT_EQ(*levels.rbegin(), encoding(genome)[widths.front()]) << choice;
    }
    EXPECT_EQ(static_cast<int>(levels.size()), std::min(channels, kMostLevels));
    EXPECT_EQ(encoding.columns()[widths.front()].levels, std::min(channels, kMostLevels));
  }
}

TEST(AnySpace, it_offers_a_choice_of_each_decision_and_nothing_else) {
  const Space space = Space::make(small_detector(3), {}, Recovery::kReconstruct).value();
  EXPECT_TRUE(space.offers(space.original()));
  for (std::size_t i = 0; i < space.decisions().size(); ++i) {
    Genome genome = space.original();
    genome.choices[i] = -1;
    EXPECT_FALSE(space.offers(genome));
    genome.choices[i] = space.decisions()[i].choices;
    EXPECT_FALSE(space.offers(genome));
    genome.choices[i] = std::numeric_limits<int>::min();
    EXPECT_FALSE(space.offers(genome));
    genome.choices[i] = 0;
    EXPECT_TRUE(space.offers(genome));
  }
  Genome shorter = space.original();
  shorter.choices.pop_back();
  EXPECT_FALSE(space.offers(shorter));
  Genome longer = space.original();
  longer.choices.push_back(0);
  EXPECT_FALSE(space.offers(longer));
  EXPECT_FALSE(space.offers({}));
}

}  // namespace
}  // namespace pare::search
