#include "wire/supernet_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "wire/sha256.h"
#include "wire/training_json.h"

namespace pare::wire::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Training training() {
  Training out;
  out.steps = 900;
  out.images = 103;
  out.held_out_images = 25;
  out.threads = 2;
  out.knots = {{0.1, true}, {0.4, false}};
  out.judged = {{0.1, 0.7, 0.4}, {0.4, 9, 9}};
  out.program = "libtorch";
  out.processor = "x";
  return out;
}

class SupernetFile : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  Result<SupernetFacts> facts_of(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return read_supernet_facts(path_);
  }
  std::string refusal(const std::string& bytes) {
    const auto facts = facts_of(bytes);
    EXPECT_FALSE(facts);
    return facts ? "" : facts.error().message;
  }
  static std::string file_with(const std::string& header) {
    const auto length = std::bit_cast<std::array<char, 8>>(std::uint64_t{header.size()});
    return std::string(length.data(), length.size()) + header + "weights";
  }
  static json metadata() {
    return {{"format", "pare super-network 1"},
            {"model", sha256_hex("model")},
            {"statistics", sha256_hex("statistics")},
            {"training", training_to_json(training())}};
  }
  static std::string with(json metadata) {
    return file_with(json{{"__metadata__", std::move(metadata)}}.dump());
  }

  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("supernet_file_" + std::to_string(getpid()));
};

TEST_F(SupernetFile, says_of_which_model_it_is_and_what_training_came_to) {
  const auto facts = facts_of(with(metadata()));
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts.value().model_sha256, sha256_hex("model"));
  EXPECT_EQ(facts.value().statistics_sha256, sha256_hex("statistics"));
  EXPECT_EQ(facts.value().training, training());
}

TEST_F(SupernetFile, that_does_not_say_so_is_refused_by_what_is_missing) {
  json without = metadata();
  without.erase("training");
  EXPECT_THAT(refusal(with(without)), HasSubstr("does not say what its training came to"));
  without = metadata();
  without["model"] = "yolo";
  EXPECT_THAT(refusal(with(without)), HasSubstr("its model is \"yolo\", no SHA-256"));
  without = metadata();
  without["training"] = "{\"steps\": -1}";
  EXPECT_THAT(refusal(with(without)), HasSubstr("steps"));
  json alone = metadata();
  alone["plan"] = sha256_hex("plan");
  EXPECT_THAT(refusal(with(alone)),
              HasSubstr("holds the weights of plan " + sha256_hex("plan") + " alone"));
  EXPECT_THAT(refusal(with("none")), HasSubstr("__metadata__ is no object"));
  EXPECT_THAT(refusal(file_with("[]")), HasSubstr("no JSON object"));
}

TEST_F(SupernetFile, that_is_cut_off_or_promises_a_huge_header_is_refused) {
  const std::string whole = with(metadata());
  for (const std::size_t left :
       {std::size_t{0}, std::size_t{7}, std::size_t{8}, whole.size() / 2}) {
    EXPECT_THAT(refusal(whole.substr(0, left)), HasSubstr("it ends")) << left;
  }
  std::string huge = whole;
  std::memset(huge.data() + 1, 0x7F, 6);
  EXPECT_THAT(refusal(huge), HasSubstr("more than 16777216"));
}

}  // namespace
}  // namespace pare::wire::test
