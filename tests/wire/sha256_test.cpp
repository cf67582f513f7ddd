#include "wire/sha256.h"

#include <gtest/gtest.h>

#include <fstream>

namespace pare::wire {
namespace {

// FIPS 180-2, appendix B.
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, the_digest_is_that_of_the_standard_however_the_bytes_are_cut) {
  EXPECT_EQ(sha256_hex("abc"), kAbc);
  Sha256 digest;
  digest.update("a");
  digest.update("");
  digest.update("bc");
  EXPECT_EQ(digest.hex(), kAbc);
}

TEST(Sha256, a_file_has_the_digest_of_its_bytes_and_a_missing_one_is_named) {
  const auto file = std::filesystem::path(testing::TempDir()) / "sha256_test.bin";
  std::ofstream(file, std::ios::binary) << "abc";
  EXPECT_EQ(sha256_file(file).value(), kAbc);
  std::filesystem::remove(file);
  const auto missing = sha256_file(file);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot open " + file.string());
}

TEST(Sha256, only_64_lower_case_digits_are_a_name) {
  EXPECT_TRUE(is_sha256(kAbc));
  EXPECT_FALSE(is_sha256(std::string(kAbc).substr(1)));
  EXPECT_FALSE(is_sha256("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
  EXPECT_FALSE(is_sha256("../../../../../../../../../../../../../../../../../../outside/x"));
}

}  // namespace
}  // namespace pare::wire
