// Every fuzzer on every seed: small inputs of its generators, and what once broke a parser.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/fuzz/fuzzer.h"

namespace pare::fuzz {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> seeds_of(std::string_view fuzzer) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(PARE_FUZZ_SEEDS) / fuzzer)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class EveryFuzzer : public testing::TestWithParam<Fuzzer> {};

TEST_P(EveryFuzzer, returns_from_every_seed_cut_short_and_changed_in_a_few_bytes) {
  const std::vector<fs::path> seeds = seeds_of(GetParam().name);
  EXPECT_FALSE(seeds.empty());
  std::mt19937 rng(1);
  for (const fs::path& seed : seeds) {
    SCOPED_TRACE(seed.filename().string());
    const std::string bytes = read(seed);
    GetParam().run(bytes);
    for (int i = 0; i < 20 && !bytes.empty(); ++i) {
      std::string changed = bytes;
      if (i % 4 == 0) changed.resize(rng() % bytes.size());
      for (unsigned edits = rng() % 4; edits > 0 && !changed.empty(); --edits) {
        changed[rng() % changed.size()] = static_cast<char>(rng());
      }
      GetParam().run(changed);
    }
  }
  GetParam().run({});
}

INSTANTIATE_TEST_SUITE_P(Table, EveryFuzzer, testing::ValuesIn(all_fuzzers()),
                         [](const auto& fuzzer) { return std::string(fuzzer.param.name); });

}  // namespace
}  // namespace pare::fuzz
