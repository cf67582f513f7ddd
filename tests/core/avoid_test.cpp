#include "core/avoid.h"

#include <gtest/gtest.h>

namespace pare {
namespace {

Layer layer(const char* name, int groups) {
  Layer out;
  out.name = name;
  out.in_channels = out.out_channels = 16;
  out.groups = groups;
  return out;
}

ModelSummary model_with(std::vector<std::string> activations) {
  ModelSummary model;
  model.layers = {layer("stem", 1), layer("dw1", 16), layer("pw1", 1), layer("dw2", 16)};
  model.activations = std::move(activations);
  return model;
}

const AvoidRule kBrokenSilu = {ModelTrait::kSmooth, {}, {}, "SiLU is wrong"};
const AvoidRule kSaturates = {ModelTrait::kAny, {}, 8, "8 bits saturate"};
const AvoidRule kSlowDepthwise = {ModelTrait::kDepthwise, {}, {}, "depthwise is slow"};
const AvoidRule kSlowPlacement = {ModelTrait::kAny, QdqPlacement::kOperators, {}, "not fused"};

TEST(Avoid, a_rule_concerns_models_that_have_what_it_is_about) {
  EXPECT_TRUE(concerns(kBrokenSilu, model_with({"Mul", "Sigmoid"})));
  EXPECT_TRUE(concerns(kBrokenSilu, model_with({"HardSwish"})));
  EXPECT_FALSE(concerns(kBrokenSilu, model_with({"Relu"})));
  EXPECT_FALSE(concerns(kBrokenSilu, model_with({"LeakyRelu"})));
  const AvoidRule slow_relu{ModelTrait::kRelu, {}, {}, "slow"};
  EXPECT_TRUE(concerns(slow_relu, model_with({"Clip", "Relu"})));
  EXPECT_FALSE(concerns(slow_relu, model_with({"Relu", "Sigmoid"})));
}

TEST(Avoid, a_model_whose_activations_are_not_known_may_have_any) {
  EXPECT_TRUE(concerns(kBrokenSilu, model_with({})));
  EXPECT_FALSE(concerns({ModelTrait::kRelu, {}, {}, "slow"}, model_with({})));
}

TEST(Avoid, a_plan_is_avoided_with_the_reason_of_the_rule_that_fits_it) {
  const ModelSummary model = model_with({"Sigmoid"});
  Plan plan;
  EXPECT_EQ(why_avoided({kSaturates}, model, plan), "") << "it is no int8 plan";
  plan.quantization.emplace();
  EXPECT_EQ(why_avoided({}, model, plan), "");
  EXPECT_EQ(why_avoided({kSaturates}, model, plan), "8 bits saturate");
  plan.quantization->weight_bits = 7;
  EXPECT_EQ(why_avoided({kSaturates}, model, plan), "");
  EXPECT_EQ(why_avoided({kSaturates, kSlowPlacement}, model, plan), "not fused");
  plan.quantization->placement = QdqPlacement::kConvolutions;
  EXPECT_EQ(why_avoided({kSlowPlacement}, model, plan), "");
}

TEST(Avoid, depthwise_rules_let_plans_pass_that_leave_depthwise_layers_in_fp32) {
  const ModelSummary model = model_with({"Relu"});
  Plan plan;
  plan.quantization.emplace();
  EXPECT_EQ(why_avoided({kSlowDepthwise}, model, plan), "depthwise is slow");
  plan.layers["dw1"].int8 = false;
  EXPECT_EQ(why_avoided({kSlowDepthwise}, model, plan), "depthwise is slow");
  plan.layers["dw2"].int8 = false;
  EXPECT_EQ(why_avoided({kSlowDepthwise}, model, plan), "");
}

TEST(Avoid, choices_go_only_where_every_target_avoids_them) {
  const ModelSummary model = model_with({"Relu"});
  EXPECT_EQ(choices_for({{}}, model), PrecisionChoices{});
  EXPECT_EQ(choices_for({{kSaturates}, {}}, model), PrecisionChoices{});
  EXPECT_EQ(choices_for({{kSaturates}, {kSaturates}}, model).weight_bits, std::vector<int>{7});
  const PrecisionChoices placed = choices_for({{kSlowPlacement}}, model);
  EXPECT_EQ(placed.placements,
            (std::vector{QdqPlacement::kConvolutions, QdqPlacement::kSiluBlocks}));
  EXPECT_EQ(placed.weight_bits, (std::vector<int>{8, 7}));
}

TEST(Avoid, a_setting_that_is_left_in_some_combination_stays) {
  const AvoidRule pair{ModelTrait::kAny, QdqPlacement::kOperators, 8, "that pair"};
  EXPECT_EQ(choices_for({{pair}}, model_with({"Relu"})), PrecisionChoices{});
}

TEST(Avoid, depthwise_layers_stay_in_fp32_where_every_target_wants_that) {
  const ModelSummary model = model_with({"Relu"});
  EXPECT_TRUE(choices_for({{kSlowDepthwise}, {kSlowDepthwise}}, model).depthwise_in_fp32);
  EXPECT_FALSE(choices_for({{kSlowDepthwise}, {}}, model).depthwise_in_fp32);
  EXPECT_TRUE(choices_for({{kSlowDepthwise}}, model).int8);
}

TEST(Avoid, int8_is_gone_where_nothing_of_it_is_left) {
  const ModelSummary silu = model_with({"Sigmoid"});
  EXPECT_FALSE(choices_for({{kBrokenSilu}, {kBrokenSilu}}, silu).int8);
  EXPECT_TRUE(choices_for({{kBrokenSilu}, {}}, silu).int8);
  EXPECT_TRUE(choices_for({{kBrokenSilu}}, model_with({"Relu"})).int8);
}

}  // namespace
}  // namespace pare
