#include "search/space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "search/draw.h"
#include "search/seeds.h"
#include "tests/search/small_detector.h"
#include "wire/plan_json.h"

namespace pare::search {
namespace {

Space space_of(const ModelSummary& model, const SpaceLimits& limits = {}) {
  auto space = Space::make(model, limits, Recovery::kReconstruct);
  EXPECT_TRUE(space.has_value()) << space.error().message;
  return std::move(space).value();
}

// Any choices at all, canonical or not.
Genome anything(const Space& space, std::mt19937& rng) {
  Genome genome;
  for (const Decision& d : space.decisions()) {
    genome.choices.push_back(std::uniform_int_distribution<int>(0, d.choices - 1)(rng));
  }
  return genome;
}

Space space_with(const PrecisionChoices& int8) {
  auto space = Space::make(small_detector(12), {}, Recovery::kReconstruct, int8);
  EXPECT_TRUE(space.has_value()) << space.error().message;
  return std::move(space).value();
}

TEST(Space, a_plan_inherits_what_was_trained_for_its_kind) {
  for (const Inheritance trained :
       {Inheritance{false, false}, Inheritance{true, false}, Inheritance{false, true},
        Inheritance{true, true}, Inheritance{true, false, true}}) {
    const Space space =
        Space::make(small_detector(12), {}, Recovery::kReconstruct, {}, {}, trained).value();
    std::mt19937 rng(3);
    for (int i = 0; i < 100; ++i) {
      const Plan plan = space.plan_of(anything(space, rng));
      const bool inherits = (trained.narrower && !plan.widths.empty()) ||
                            (trained.int8 && plan.quantization) ||
                            (trained.parts && removes_parts(plan));
      EXPECT_EQ(plan.weights == Weights::kSupernet, inherits);
      if (trained.int8 && plan.quantization) {
        EXPECT_EQ(plan.quantization->rounding, Rounding::kNearest) << "as it was trained";
      }
      EXPECT_TRUE(space.genome_of(plan)) << "a plan of the space is in the space";
    }
  }
}

TEST(Space, weights_are_stored_in_fewer_bits_where_bytes_count_and_nowhere_else) {
  const auto space = [](bool storage, bool bytes_count) {
    SpaceLimits limits;
    limits.storage = storage;
    limits.bytes_count = bytes_count;
    return space_of(small_detector(6), limits);
  };
  EXPECT_TRUE(space(true, false).of_family(family::kStorage).empty());
  EXPECT_TRUE(space(false, true).of_family(family::kStorage).empty());
  const Space counted = space(true, true);
  ASSERT_EQ(counted.of_family(family::kStorage).size(), 1U);
  EXPECT_EQ(counted.plan_of(counted.original()).storage, std::nullopt);
  std::mt19937 rng(4);
  std::set<int> bits;
  for (int i = 0; i < 200; ++i) {
    const Plan plan = counted.plan_of(anything(counted, rng));
    bits.insert(plan.storage ? plan.storage->bits : 32);
    EXPECT_TRUE(counted.genome_of(plan)) << "a plan of the space is in the space";
  }
  EXPECT_EQ(bits, (std::set<int>{4, 8, 16, 32}));
  Plan other = counted.plan_of(counted.original());
  other.storage = WeightStorage{4, WeightGrid::kPowerOfTwo};
  EXPECT_FALSE(counted.genome_of(other));
}

TEST(Space, int8_choices_that_were_taken_away_are_in_no_plan) {
  PrecisionChoices int8;
  int8.weight_bits = {7};
  int8.placements = {QdqPlacement::kConvolutions};
  int8.depthwise_in_fp32 = true;
  const Space space = space_with(int8);
  EXPECT_TRUE(space.of_family(family::kWeightBits).empty());
  EXPECT_TRUE(space.of_family(family::kPlacement).empty());
  std::mt19937 rng(2);
  int quantized = 0;
  for (int i = 0; i < 300; ++i) {
    const Genome genome = space.canonical(anything(space, rng));
    const Plan plan = space.plan_of(genome);
    EXPECT_EQ(space.genome_of(plan).value(), genome);
    if (!plan.quantization) continue;
    ++quantized;
    EXPECT_EQ(plan.quantization->weight_bits, 7);
    EXPECT_EQ(plan.quantization->placement, QdqPlacement::kConvolutions);
    for (const char* depthwise : {"layer2", "layer5", "layer8", "layer11"}) {
      EXPECT_FALSE(plan.layers.at(depthwise).int8);
    }
  }
  EXPECT_GT(quantized, 0);
  for (const Genome& seed : seeds(space)) EXPECT_EQ(space.canonical(seed), seed);
}

std::vector<int> heights_of(const Space& space) {
  std::vector<int> heights;
  for (const InputSize size : space.preparation().sizes) heights.push_back(size.height);
  return heights;
}

TEST(Space, sizes_that_were_tried_and_cannot_be_made_are_not_offered) {
  ModelSummary model = small_detector(3);
  EXPECT_EQ(heights_of(space_of(model)), (std::vector{224, 288, 352, 416}));
  model.tried = Tried{.sizes = {{352, 352, "MatMul \"m\" has a fixed size"}, {416, 416, ""}}};
  EXPECT_EQ(heights_of(space_of(model)), (std::vector{224, 256, 288, 320, 384, 416}))
      << "a size that nobody tried is offered: preparing tries it";
  Guidance prepared;
  prepared.left_out = {{288, 288, "no memory for that"}};
  const auto space = Space::make(model, {}, Recovery::kReconstruct, {}, prepared);
  ASSERT_TRUE(space) << space.error().message;
  EXPECT_EQ(heights_of(space.value()), (std::vector{224, 256, 320, 384, 416}));
  prepared.left_out = {{352, 352, "no memory for that"}};
  model.tried.reset();
  EXPECT_EQ(heights_of(Space::make(model, {}, Recovery::kReconstruct, {}, prepared).value()),
            (std::vector{224, 288, 416}))
      << "what was not prepared does not step in for it";
}

TEST(Space, where_no_size_is_left_it_says_why) {
  ModelSummary model = small_detector(3);
  model.tried = Tried{.sizes = {{384, 384, "MatMul \"m\" has a fixed size"}}};
  const auto space =
      Space::make(model, {.min_scale = 0.9, .max_scale = 0.95}, Recovery::kReconstruct);
  ASSERT_FALSE(space);
  EXPECT_NE(space.error().message.find("MatMul \"m\" has a fixed size"), std::string::npos)
      << space.error().message;
}

TEST(Space, int8_that_was_tried_and_does_not_work_is_not_offered) {
  ModelSummary model = small_detector(3);
  EXPECT_TRUE(space_of(model).preparation().int8);
  model.tried = Tried{.why_no_int8 = "no layer can be int8"};
  EXPECT_FALSE(space_of(model).preparation().int8);
  model.tried.reset();
  Guidance prepared;
  prepared.why_no_int8 = "no layer can be int8";
  EXPECT_FALSE(
      Space::make(model, {}, Recovery::kReconstruct, {}, prepared).value().preparation().int8);
}

TEST(Space, a_layer_that_cannot_be_int8_is_no_decision_and_counts_as_fp32) {
  ModelSummary model = small_detector(6);
  model.output_layers = {"layer5"};
  model.tried = Tried{.fp32_layers = {{"layer0", "a Conv1d"}, {"layer5", "a Conv1d"}}};
  const Space space = space_of(model);
  for (const Decision& d : space.decisions()) {
    EXPECT_GT(d.choices, 1) << d.name;
  }
  std::mt19937 rng(4);
  int quantized = 0;
  for (int i = 0; i < 100; ++i) {
    const Genome genome = space.canonical(anything(space, rng));
    const auto settings = space.layer_settings(genome);
    EXPECT_FALSE(settings[0].int8 || settings[5].int8);
    const Plan plan = space.plan_of(genome);
    quantized += plan.quantization.has_value() ? 1 : 0;
    for (const char* layer : {"layer0", "layer5"}) {
      EXPECT_FALSE(plan.layers.contains(layer));
    }
    EXPECT_EQ(space.genome_of(space.plan_of(genome)).value(), genome);
    if (!space.plan_of(genome).quantization) continue;
    EXPECT_TRUE(std::ranges::any_of(settings, &LayerSetting::int8)) << "it is an fp32 plan";
  }
  EXPECT_GT(quantized, 0);
}

// Layers in the order in which int8 harms them, and two ways of narrowing every group.
Guidance guidance_for(const ModelSummary& model) {
  Guidance guidance;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const std::size_t harmed = i * 7 % model.layers.size();
    guidance.int8_layers.push_back({model.layers[harmed].name, 1.0 / static_cast<double>(i + 1)});
  }
  for (const int drop : {8, 16}) {
    Allocation allocation{.macs_saved = drop / 100.0, .damage = 0.1, .widths = {}};
    for (const ChannelGroup& group : model.groups) {
      if (group.channels > 2 * drop) allocation.widths[group.name] = group.channels - drop;
    }
    guidance.allocations.push_back(std::move(allocation));
  }
  return guidance;
}

Space guided_space() {
  ModelSummary model = small_detector(12);
  model.activations = {"LeakyRelu"};
  model.output_layers = {"layer10", "layer11"};
  auto space = Space::make(model, {}, Recovery::kReconstruct, {}, guidance_for(model));
  EXPECT_TRUE(space.has_value()) << space.error().message;
  return std::move(space).value();
}

// The widths that guidance_for() allocates, as they are: every one of them is a choice.
std::vector<Genome> allocations_of(const Space& space) {
  std::vector<Genome> genomes;
  for (const Allocation& allocation : guidance_for(small_detector(12)).allocations) {
    Plan plan = space.plan_of(space.original());
    plan.widths = allocation.widths;
    genomes.push_back(space.genome_of(plan).value());
  }
  return genomes;
}

TEST(Space, guided_plans_and_their_genomes_are_two_spellings_and_equal_plans_one_genome) {
  const Space space = guided_space();
  std::mt19937 rng(4);
  std::map<std::string, Genome> by_plan;
  for (int i = 0; i < 2000; ++i) {
    const Genome genome = space.canonical(anything(space, rng));
    EXPECT_EQ(space.canonical(genome), genome);
    const Plan plan = space.plan_of(genome);
    const auto back = space.genome_of(plan);
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(back.value(), genome);
    const auto [at, first] = by_plan.emplace(wire::plan_sha256(plan), genome);
    EXPECT_EQ(at->second, genome);
  }
}

TEST(Space, layers_stay_in_fp32_in_the_order_in_which_int8_harms_them) {
  const Space space = guided_space();
  Genome genome = space.original();
  genome.choices[space.of_family(family::kPrecision).front()] = 1;
  const std::size_t harmed = space.of_family(family::kKeptLayers).front();
  genome.choices[harmed] = 2;
  EXPECT_EQ(float_layers(space.plan_of(genome)), (std::vector<std::string>{"layer0", "layer7"}));
}

TEST(Seeds, the_same_share_everywhere_is_tried_beside_the_allocations) {
  const Space space = guided_space();
  int uniform = 0;
  for (const Genome& genome : seeds(space)) {
    const Plan plan = space.plan_of(genome);
    const bool widths_alone = !plan.quantization && plan.height == 416 && !plan.widths.empty();
    const std::vector<Genome> allocations = allocations_of(space);
    const auto allocated = std::ranges::find(allocations, genome);
    uniform += widths_alone && allocated == allocations.end() ? 1 : 0;
  }
  EXPECT_EQ(uniform, 2);
}

// Every channel that goes costs so much.
std::size_t narrower_seeds(double damage) {
  const ModelSummary model = small_detector(12);
  Guidance guidance = guidance_for(model);
  for (const ChannelGroup& group : model.groups) {
    GroupSensitivity& measured = guidance.groups.emplace_back();
    measured.group = group.name;
    for (const int width : group.widths) {
      if (width == group.channels) continue;
      measured.widths.push_back(width);
      measured.damage.push_back(damage * (group.channels - width));
      measured.macs_saved.push_back(1);
    }
  }
  const auto space = Space::make(model, {}, Recovery::kReconstruct, {}, guidance);
  EXPECT_TRUE(space);
  return static_cast<std::size_t>(std::ranges::count_if(seeds(space.value()), [&](const Genome& g) {
    return !space.value().plan_of(g).widths.empty();
  }));
}

TEST(Seeds, none_is_spent_on_what_guidance_calls_broken) {
  const std::size_t all = narrower_seeds(0.0001);
  EXPECT_GE(all, 4U);
  EXPECT_LT(narrower_seeds(0.005), all) << "a fifth of all channels costs .48, a third .72";
  EXPECT_EQ(narrower_seeds(1), 0U);
}

TEST(Seeds, guided_ones_hold_every_placement_and_the_allocations_widths) {
  const Space space = guided_space();
  const std::vector<Genome> all = seeds(space);
  EXPECT_EQ(all.front(), space.original());
  EXPECT_EQ(std::set<Genome>(all.begin(), all.end()).size(), all.size());
  std::set<QdqPlacement> placements;
  for (const Genome& genome : all) {
    const Plan plan = space.plan_of(genome);
    if (plan.quantization) placements.insert(plan.quantization->placement);
  }
  EXPECT_EQ(placements.size(), kAllPlacements.size());
  for (const Genome& allocation : allocations_of(space)) {
    EXPECT_NE(std::ranges::find(all, allocation), all.end());
    EXPECT_EQ(space.canonical(allocation), allocation);
  }
}

TEST(Space, without_int8_there_is_no_precision_to_choose) {
  PrecisionChoices none;
  none.int8 = false;
  const Space space = space_with(none);
  EXPECT_FALSE(space.preparation().int8);
  EXPECT_TRUE(space.of_family(family::kPrecision).empty());
}

Space space_with_floats(const SpaceLimits& limits = {}) {
  PrecisionChoices precision;
  precision.floats = {Precision::kFp16, Precision::kBf16};
  auto space = Space::make(small_detector(6), limits, Recovery::kReconstruct, precision);
  EXPECT_TRUE(space.has_value()) << space.error().message;
  return std::move(space).value();
}

TEST(Space, floating_point_types_are_a_decision_where_a_target_takes_them) {
  EXPECT_TRUE(space_of(small_detector(6)).of_family(family::kFloats).empty());
  const Space space = space_with_floats();
  std::mt19937 rng(8);
  std::set<std::pair<Precision, bool>> seen;
  for (int i = 0; i < 300; ++i) {
    const Genome genome = space.canonical(anything(space, rng));
    const Plan plan = space.plan_of(genome);
    EXPECT_EQ(space.genome_of(plan).value(), genome);
    EXPECT_EQ(space.layer_settings(genome).front().floats, plan.floats);
    seen.emplace(plan.floats, plan.quantization.has_value());
  }
  EXPECT_EQ(seen.size(), 6U) << "each type with int8 and without";
  const std::vector<Genome> first = seeds(space);
  for (const Precision type : {Precision::kFp16, Precision::kBf16}) {
    EXPECT_TRUE(std::ranges::any_of(first, [&](const Genome& genome) {
      const Plan plan = space.plan_of(genome);
      return plan.floats == type && !plan.quantization && plan.widths.empty();
    })) << name_of(type);
  }
}

TEST(Space, it_comes_last_so_that_what_is_stored_keeps_its_meaning) {
  const Space before = space_of(small_detector(6));
  const Space space = space_with_floats();
  ASSERT_EQ(space.decisions().size(), before.decisions().size() + 1);
  for (std::size_t i = 0; i < before.decisions().size(); ++i) {
    EXPECT_EQ(space.decisions()[i].name, before.decisions()[i].name);
    EXPECT_EQ(space.decisions()[i].choices, before.decisions()[i].choices);
  }
  EXPECT_EQ(space.decisions().back().family, family::kFloats);
}

TEST(Space, types_that_the_limits_leave_out_are_not_offered) {
  SpaceLimits limits;
  limits.precisions = {Precision::kFp32, Precision::kBf16};
  const Space space = space_with_floats(limits);
  EXPECT_TRUE(space.of_family(family::kPrecision).empty());
  EXPECT_EQ(space.decisions()[space.of_family(family::kFloats).at(0)].choices, 2);
  limits.precisions = {Precision::kBf16, Precision::kInt8};
  const Space lowered = space_with_floats(limits);
  std::mt19937 rng(3);
  for (int i = 0; i < 200; ++i) {
    const Genome genome = lowered.canonical(anything(lowered, rng));
    if (genome == lowered.original()) continue;
    EXPECT_EQ(lowered.plan_of(genome).floats, Precision::kBf16);
  }
}

TEST(Space, a_plan_and_its_genome_are_two_spellings_of_one_point) {
  const Space space = space_of(small_detector(12));
  std::mt19937 rng(1);
  for (int i = 0; i < 500; ++i) {
    const Genome genome = space.canonical(anything(space, rng));
    const auto back = space.genome_of(space.plan_of(genome));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(back.value(), genome);
  }
}

TEST(Space, equal_plans_are_one_genome) {
  const Space space = space_of(small_detector(1));
  std::mt19937 rng(2);
  std::map<std::string, Genome> by_plan;
  for (int i = 0; i < 3000; ++i) {
    const Genome genome = anything(space, rng);
    const Genome canonical = space.canonical(genome);
    EXPECT_EQ(space.canonical(canonical), canonical);
    const auto [at, first] =
        by_plan.emplace(wire::plan_sha256(space.plan_of(canonical)), canonical);
    EXPECT_EQ(at->second, canonical);
  }
  EXPECT_GT(by_plan.size(), 20U);
}

TEST(Space, the_original_removes_and_quantizes_nothing) {
  const Space space = space_of(small_detector(5));
  const Plan plan = space.plan_of(space.original());
  EXPECT_TRUE(plan.widths.empty());
  EXPECT_FALSE(plan.quantization.has_value());
  EXPECT_EQ(plan.height, 416);
  EXPECT_EQ(space.canonical(space.original()), space.original());
}

TEST(Space, keeping_every_layer_in_fp32_is_the_fp32_plan) {
  const Space space = space_of(small_detector(5));
  Genome genome = space.original();
  for (const auto kind : {family::kPrecision, family::kKeptLayers}) {
    for (const std::size_t i : space.of_family(kind)) genome.choices[i] = 1;
  }
  EXPECT_EQ(space.canonical(genome), space.original());
}

TEST(Space, resolutions_are_at_most_six_multiples_of_the_stride_within_the_scales) {
  ModelSummary model = small_detector(2);
  model.card.height = 640;
  model.card.width = 480;
  const Space space = space_of(model);
  EXPECT_LE(space.preparation().sizes.size(), 6U);
  EXPECT_EQ(space.preparation().sizes.back(), (InputSize{640, 480}));
  for (const InputSize size : space.preparation().sizes) {
    EXPECT_EQ(size.height % 32, 0);
    EXPECT_EQ(size.width % 32, 0);
    EXPECT_GE(size.height, 320);
    EXPECT_NEAR(size.width, size.height * 0.75, 16);
  }
}

TEST(Space, a_model_without_a_stride_has_its_own_size_only) {
  ModelSummary model = small_detector(2);
  model.stride = 0;
  const Space space = space_of(model);
  ASSERT_EQ(space.preparation().sizes.size(), 1U);
  EXPECT_EQ(space.preparation().sizes[0], (InputSize{model.card.height, model.card.width}));
  EXPECT_TRUE(space.of_family(family::kResolution).empty());
  SpaceLimits limits;
  limits.max_scale = 0.8;
  EXPECT_FALSE(Space::make(model, limits, Recovery::kReconstruct).has_value());
}

TEST(Space, limits_that_leave_no_resolution_are_an_error_that_names_them) {
  SpaceLimits limits;
  limits.min_scale = 0.94;
  limits.max_scale = 0.95;
  const auto space = Space::make(small_detector(2), limits, Recovery::kReconstruct);
  ASSERT_FALSE(space.has_value());
  EXPECT_NE(space.error().message.find("0.94"), std::string::npos) << space.error().message;
}

TEST(Space, what_the_limits_leave_out_is_in_no_plan_but_the_original) {
  SpaceLimits limits;
  limits.max_scale = 0.8;
  limits.precisions = {Precision::kInt8};
  const Space space = space_of(small_detector(3), limits);
  std::mt19937 rng(3);
  for (int i = 0; i < 300; ++i) {
    const Genome genome = space.canonical(anything(space, rng));
    if (genome == space.original()) continue;
    const Plan plan = space.plan_of(genome);
    EXPECT_TRUE(plan.quantization.has_value());
    EXPECT_LE(plan.height, 416 * 0.8);
  }
  EXPECT_EQ(seeds(space).front(), space.original());
}

TEST(Space, fp32_alone_and_fixed_widths_leave_only_resolutions) {
  SpaceLimits limits;
  limits.width = false;
  limits.precisions = {Precision::kFp32};
  const Space space = space_of(small_detector(3), limits);
  ASSERT_EQ(space.decisions().size(), 1U);
  EXPECT_EQ(space.decisions()[0].family, family::kResolution);
  EXPECT_FALSE(space.preparation().int8);
}

TEST(Space, a_plan_of_another_space_is_refused) {
  const Space space = space_of(small_detector(3));
  const Plan original = space.plan_of(space.original());
  Plan plan = original;
  plan.widths["group1"] = 13;
  EXPECT_FALSE(space.genome_of(plan).has_value());
  plan = original;
  plan.widths["nobody"] = 8;
  EXPECT_FALSE(space.genome_of(plan).has_value());
  plan = original;
  plan.height = 417;
  EXPECT_FALSE(space.genome_of(plan).has_value());
  plan = original;
  plan.quantization.emplace();
  plan.layers["layer7"].int8 = false;
  EXPECT_FALSE(space.genome_of(plan).has_value());
}

TEST(Space, for_each_visits_every_canonical_genome_once) {
  SpaceLimits limits;
  limits.max_scale = 1.0;
  limits.min_scale = 0.9;
  const Space space = space_of(small_detector(1), limits);
  std::vector<Genome> visited;
  space.for_each([&](const Genome& genome) {
    visited.push_back(genome);
    return true;
  });
  const std::set<Genome> distinct(visited.begin(), visited.end());
  EXPECT_EQ(distinct.size(), visited.size());
  // 2 widths times 2 resolutions times (fp32 + bits x ranges x placements with the stem quantized).
  EXPECT_EQ(visited.size(), 2U * 2U * (1U + 2U * 4U * 3U));
}

TEST(Draw, most_draws_are_mild) {
  const Space space = space_of(small_detector(60));
  int mild = 0;
  int bold = 0;
  int int8 = 0;
  constexpr int kDraws = 1000;
  for (int i = 0; i < kDraws; ++i) {
    Random random(7, static_cast<std::uint64_t>(i));
    const Genome genome = draw_mild(space, random);
    EXPECT_EQ(space.canonical(genome), genome);
    const Plan plan = space.plan_of(genome);
    if (plan.widths.size() <= 6) ++mild;
    if (plan.widths.size() >= 30) ++bold;
    if (plan.quantization) ++int8;
  }
  EXPECT_GT(mild, kDraws * 25 / 100);
  EXPECT_GT(bold, kDraws * 10 / 100);
  EXPECT_LT(bold, kDraws * 40 / 100);
  EXPECT_NEAR(int8, kDraws / 2, kDraws / 10);
}

TEST(Draw, children_are_canonical_and_mostly_near_their_parents) {
  const Space space = space_of(small_detector(30));
  for (int i = 0; i < 500; ++i) {
    Random random(9, static_cast<std::uint64_t>(i));
    const Genome a = draw_mild(space, random);
    const Genome b = draw_mild(space, random);
    const Genome child = cross(space, a, b, random);
    EXPECT_EQ(space.canonical(child), child);
    if (space.plan_of(child).quantization) {
      EXPECT_TRUE(space.plan_of(a).quantization || space.plan_of(b).quantization);
    }
    const Genome mutant = mutate(space, a, random);
    EXPECT_EQ(space.canonical(mutant), mutant);
    const std::size_t before = space.plan_of(a).widths.size();
    EXPECT_LE(space.plan_of(mutant).widths.size(), before + 48);
  }
}

TEST(Seeds, they_begin_with_the_original_and_hold_every_lever_and_some_pairs) {
  const Space space = space_of(small_detector(8));
  const std::vector<Genome> all = seeds(space);
  EXPECT_EQ(all.front(), space.original());
  EXPECT_EQ(std::set<Genome>(all.begin(), all.end()).size(), all.size());
  std::set<int> heights;
  int alone = 0;
  int together = 0;
  for (const Genome& genome : all) {
    const Plan plan = space.plan_of(genome);
    heights.insert(plan.height);
    const int levers =
        (plan.quantization ? 1 : 0) + (plan.widths.empty() ? 0 : 1) + (plan.height < 416 ? 1 : 0);
    alone += levers == 1 ? 1 : 0;
    together += levers == 2 ? 1 : 0;
  }
  EXPECT_EQ(heights.size(), space.preparation().sizes.size());
  EXPECT_GE(alone, 8);
  EXPECT_GE(together, 5);
  EXPECT_LT(all.size(), 25U);
}

// first -> depthwise -> (with first) second
ModelSummary three_layers() {
  ModelSummary model = small_detector(0);
  const auto layer = [](const char* name, int in, int out, int groups) {
    Layer made;
    made.name = name;
    made.op = "Conv";
    made.in_channels = in;
    made.out_channels = out;
    made.groups = groups;
    made.macs = 1;
    return made;
  };
  model.layers = {layer("first", 3, 16, 1), layer("depthwise", 16, 16, 16),
                  layer("second", 32, 24, 1)};
  model.groups = {{"first", 16, {4, 8, 16}, {"first", "depthwise"}, {"second"}},
                  {"second", 24, {12, 24}, {"second"}, {}}};
  return model;
}

TEST(Space, a_plan_sets_each_layer_by_what_is_left_of_its_channels) {
  const Space space = Space::make(three_layers(), {}, Recovery::kReconstruct).value();
  EXPECT_EQ(space.layer_settings(space.original()), std::vector<LayerSetting>(3));
  Plan plan = space.plan_of(space.original());
  plan.widths = {{"first", 4}, {"second", 12}};
  const auto narrow = space.layer_settings(space.genome_of(plan).value());
  EXPECT_EQ(narrow[0], (LayerSetting{1, 0.25, 1}));
  EXPECT_EQ(narrow[1],
            (LayerSetting{1, 0.25, 1}));  // nobody's consumer: its inputs are its outputs
  EXPECT_EQ(narrow[2], (LayerSetting{1, 0.5, 1 - 12.0 / 32}));
}

TEST(Space, a_plan_sets_layers_by_its_resolution_and_by_what_is_quantized) {
  const Space space = Space::make(three_layers(), {}, Recovery::kReconstruct).value();
  Genome genome = space.original();
  genome.choices[space.of_family(family::kResolution).at(0)] = 0;
  const double share = std::pow(space.preparation().sizes[0].height / 416.0, 2);
  for (const LayerSetting& setting : space.layer_settings(genome)) {
    EXPECT_DOUBLE_EQ(setting.pixels, share);
    EXPECT_EQ(setting.placement, std::nullopt);
  }
  genome.choices[space.of_family(family::kPrecision).at(0)] = 1;
  const std::size_t kept = space.of_family(family::kKeptLayers).at(0);
  genome.choices[kept] = space.decisions()[kept].choices - 1;
  const auto settings = space.layer_settings(space.canonical(genome));
  const std::vector<std::string> fp32 = float_layers(space.plan_of(space.canonical(genome)));
  ASSERT_FALSE(fp32.empty());
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const std::string name = three_layers().layers[i].name;
    EXPECT_EQ(settings[i].int8, std::ranges::find(fp32, name) == fp32.end()) << name;
    EXPECT_NE(settings[i].placement, std::nullopt);
  }
}

TEST(Space, one_without_plans_has_no_layers) {
  Decision level;
  level.family = family::kLevel;
  level.ordered = true;
  level.choices = 3;
  const Space space = Space::of_decisions({level});
  EXPECT_TRUE(space.layer_settings(space.original()).empty());
}

TEST(Space, of_decisions_alone_a_genome_that_does_not_exist_stands_for_the_nearest_one) {
  std::vector<Decision> decisions(2);
  decisions[0].family = family::kOption;
  decisions[0].choices = 3;
  decisions[1].family = family::kLevel;
  decisions[1].ordered = true;
  decisions[1].choices = 10;
  const Space all = Space::of_decisions(decisions);
  EXPECT_EQ(all.canonical({{2, 7}}), (Genome{{2, 7}}));
  const Space some = Space::of_decisions(decisions, {{{0, 1}}, {{2, 5}}, {{0, 9}}});
  EXPECT_EQ(some.canonical({{0, 9}}), (Genome{{0, 9}}));
  EXPECT_EQ(some.canonical({{0, 3}}), (Genome{{0, 1}}));
  EXPECT_EQ(some.canonical({{1, 5}}), (Genome{{2, 5}}));
  std::size_t found = 0;
  some.for_each([&](const Genome&) { return ++found > 0; });
  EXPECT_EQ(found, 3U);
}

}  // namespace
}  // namespace pare::search
