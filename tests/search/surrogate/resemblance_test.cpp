#include "search/surrogate/resemblance.h"

#include <gtest/gtest.h>

#include <random>

namespace pare::search {
namespace {

constexpr std::size_t kColumns = 30;

std::size_t apart(const Code& a, const Code& b) {
  std::size_t count = 0;
  for (std::size_t j = 0; j < a.size(); ++j) count += a[j] != b[j];
  return count;
}

// Each a change or a few of one before it, now and then a new one.
std::vector<Code> bred(int count, std::mt19937& rng) {
  std::vector<Code> codes;
  for (int i = 0; i < count; ++i) {
    Code code(kColumns);
    if (codes.empty() || rng() % 8 == 0) {
      for (std::uint8_t& choice : code) choice = static_cast<std::uint8_t>(rng() % 20);
    } else {
      code = codes[rng() % codes.size()];
    }
    for (auto change = rng() % 4; change > 0; --change) {
      code[rng() % kColumns] = static_cast<std::uint8_t>(rng() % 20);
    }
    codes.push_back(std::move(code));
  }
  return codes;
}

TEST(Resemblance, each_plan_goes_back_to_the_nearest_before_it_and_says_where_they_differ) {
  std::mt19937 rng(1);
  for (int run = 0; run < 20; ++run) {
    const std::vector<Code> codes = bred(60, rng);
    const std::vector<Resemblance> alike = resemblances(codes);
    ASSERT_EQ(alike.size(), codes.size());
    EXPECT_FALSE(alike.front().to);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      EXPECT_EQ(alike[i].columns.size(),
                alike[i].to ? apart(codes[i], codes[*alike[i].to]) : kColumns);
      if (!alike[i].to) continue;
      ASSERT_LT(*alike[i].to, i);
      for (std::size_t other = 0; other < i; ++other) {
        EXPECT_LE(alike[i].columns.size(), apart(codes[i], codes[other]));
      }
      for (const std::size_t j : alike[i].columns) EXPECT_NE(codes[i][j], codes[*alike[i].to][j]);
    }
  }
}

}  // namespace
}  // namespace pare::search
