// What a network does to its image itself, and how images are given to it then.
#include "engine/pipeline/own_scaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/executor/observe.h"
#include "tests/engine/pipeline/uploaded_file.h"

namespace pare::engine {
namespace {

using testing::Contains;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

const Preprocessing kShares{};  // RGB, divided by 255
const Preprocessing kImagenet{.mean = {123.675, 116.28, 103.53}, .std = {58.395, 57.12, 57.375}};

// A detector behind what `before` makes of its image.
template <typename Before>
Graph network(Before before) {
  test::GraphBuilder b;
  const auto image = b.input({1, 3, 16, 16});
  b.output(b.conv(before(b, image), {.channels = 4, .stride = 2}));
  return b.build();
}

std::string number(test::GraphBuilder& b, float value) {
  return b.constant(Tensor::of<float>({}, std::span(&value, 1)));
}

std::string by_channel(test::GraphBuilder& b, std::vector<float> values, Shape shape) {
  return b.constant(Tensor::of<float>(std::move(shape), values));
}

OwnScaling scaling_of(const Graph& graph) {
  return own_scaling(graph, observe(graph).value());
}

std::string op(test::GraphBuilder& b, const char* type, const std::string& x,
               const std::string& y) {
  return b.node(type, {x, y}, {b.shape(x)})[0];
}

TEST(OwnScaling, none_is_none) {
  const OwnScaling own = scaling_of(network([](auto&, auto& image) { return image; }));
  EXPECT_FALSE(own.scales());
  EXPECT_EQ(given_its_scaling(kImagenet, own), kImagenet);
}

TEST(OwnScaling, a_division_by_255_leaves_pixels_as_they_are) {
  for (const bool divides : {true, false}) {
    const OwnScaling own = scaling_of(network([&](auto& b, auto& image) {
      return op(b, divides ? "Div" : "Mul", image, number(b, divides ? 255.0F : 1 / 255.0F));
    }));
    const Preprocessing how = given_its_scaling(kShares, own);
    EXPECT_THAT(how.std, ElementsAre(1, 1, 1));
    EXPECT_THAT(how.mean, ElementsAre(0, 0, 0));
    EXPECT_EQ(how.resize, kShares.resize);
  }
}

TEST(OwnScaling, a_mean_and_deviation_along_the_last_dimension_are_seen) {
  const OwnScaling own = scaling_of(network([](auto& b, auto& image) {
    const auto last = b.transpose(image, {0, 2, 3, 1});
    const auto centred = op(b, "Sub", last, by_channel(b, {0.485F, 0.456F, 0.406F}, {3}));
    const auto scaled = op(b, "Div", centred, by_channel(b, {0.229F, 0.224F, 0.225F}, {3}));
    return b.transpose(scaled, {0, 3, 1, 2});
  }));
  EXPECT_THAT(own.scale, ElementsAre(DoubleNear(4.367, 1e-3), DoubleNear(4.464, 1e-3),
                                     DoubleNear(4.444, 1e-3)));
  const Preprocessing how = given_its_scaling(kImagenet, own);
  EXPECT_THAT(how.std, ElementsAre(255, 255, 255)) << "images in shares, as the network wants them";
  EXPECT_THAT(given_its_scaling(kShares, own).std, ElementsAre(255, 255, 255));
}

TEST(OwnScaling, a_mean_of_pixels_alone_asks_for_pixels) {
  const OwnScaling own = scaling_of(network([](auto& b, auto& image) {
    return op(b, "Sub", image, by_channel(b, {104, 117, 123}, {1, 3, 1, 1}));
  }));
  EXPECT_THAT(given_its_scaling(kShares, own).std, ElementsAre(1, 1, 1));
}

TEST(OwnScaling, a_batch_normalization_of_the_image_counts) {
  const OwnScaling own = scaling_of(network([](auto& b, auto& image) {
    return b.node("BatchNormalization",
                  {image, by_channel(b, {1, 1, 1}, {3}), by_channel(b, {0, 0, 0}, {3}),
                   by_channel(b, {127.5F, 127.5F, 127.5F}, {3}),
                   by_channel(b, {16256.25F, 16256.25F, 16256.25F}, {3})},
                  {b.shape(image)})[0];
  }));
  EXPECT_THAT(own.scale, ElementsAre(DoubleNear(1 / 127.5, 1e-6), testing::_, testing::_));
  EXPECT_THAT(own.offset, ElementsAre(DoubleNear(-1, 1e-5), testing::_, testing::_));
}

TEST(OwnScaling, channels_that_are_turned_round_are_given_the_other_way) {
  const OwnScaling gathered = scaling_of(network([](auto& b, auto& image) {
    const auto turned = b.node("Gather", {image, b.ints({2, 1, 0})}, {b.shape(image)},
                               {{"axis", std::int64_t{1}}})[0];
    return op(b, "Div", turned, number(b, 255));
  }));
  EXPECT_TRUE(gathered.turns_channels());
  const Preprocessing how = given_its_scaling(kShares, gathered);
  EXPECT_FALSE(how.rgb);
  EXPECT_THAT(how.std, ElementsAre(1, 1, 1));
}

TEST(OwnScaling, ends_where_two_read_the_image_or_a_layer_does) {
  const OwnScaling own = scaling_of(network(
      [](auto& b, auto& image) { return b.add(op(b, "Div", image, number(b, 255)), image); }));
  EXPECT_FALSE(own.scales());
}

TEST(OwnScaling, goes_into_the_card_and_is_said) {
  const Graph graph =
      network([](auto& b, auto& image) { return op(b, "Div", image, number(b, 255)); });
  PartialCard card;
  card.head = "raw";
  const Detector detector = test::opened(graph, card);
  EXPECT_THAT(detector.card.preprocessing.std, ElementsAre(1, 1, 1));
  EXPECT_EQ(detector.origins.preprocessing, "the graph, which scales its image itself");
  EXPECT_EQ(detector.origins.head, "the card");
  EXPECT_EQ(detector.origins.input, "the file");
  EXPECT_THAT(
      detector.notes,
      Contains(HasSubstr("scales its image itself: images are given as RGB from 0 to 255")));
  const Detector said = test::opened(graph);
  EXPECT_EQ(said.origins.preprocessing, "the card");
}

}  // namespace
}  // namespace pare::engine
