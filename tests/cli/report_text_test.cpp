// A candidate's report as people read it.
#include "cli/report_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace pare::cli {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

json report() {
  return json::parse(R"({
    "sha256": "2222222222222222", "plan_sha256": "3333333333333333",
    "job": 7, "trial": 12, "origin": "search",
    "description": "416x416, fp32, 1 of 4 groups narrower",
    "totals": {"macs": 3500, "parameters": 25, "bytes": 100,
               "original": {"macs": 4000, "bytes": 200}},
    "cuts": [{"kind": "width", "what": "a|b", "from": "32", "to": "16", "why": "by gram",
              "expected_damage": 0.0123},
             {"kind": "int8", "from": "fp32", "to": "int8", "why": "8 bits a weight"}],
    "layers": [{"layer": "conv1", "op": "Conv", "precision": "int8", "inputs": 3, "outputs": 16,
                "macs": 500, "bytes": 40, "macs_share": 0.1428, "bytes_share": 0.4,
                "original": {"inputs": 3, "outputs": 32, "macs": 1000, "bytes": 320},
                "int8_damage": 0.5, "times": {"x86": {"ms": 1.5, "share": 0.25}}},
               {"layer": "conv2", "op": "Conv", "precision": "fp32", "gone": true,
                "inputs": 0, "outputs": 0}],
    "targets": [{"target": "x86", "map_50_95": 0.4, "map_lost": 1.25, "map_lost_low": 0.5,
                 "map_lost_high": 2.0, "latency_ms": 3.0, "speedup": 2.0},
                {"target": "arm", "infeasible": "it hung"}],
    "unknown": ["On arm nothing is known."]})");
}

TEST(ReportText, says_what_was_cut_where_at_what_cost_and_what_is_not_known) {
  const std::string text = report_text(report(), 0);
  for (const char* part :
       {"candidate 2222222222, plan 3333333333 (job 7, trial 12, search)", "(87.5 %)", "(50.0 %)",
        "32 > 16", "0.012", "everywhere", "14.3 %", "1.50 (25.0 %)", "left out", "1.25 [0.5, 2.0]",
        "2.00", "it hung", "Not known\n- On arm nothing is known."}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(ReportText, is_markdown_with_as_many_cells_in_a_row_as_columns) {
  const std::string text = report_markdown(report());
  EXPECT_THAT(text, AllOf(HasSubstr("# candidate 2222222222"), HasSubstr("## Layers"),
                          HasSubstr("a\\|b"), HasSubstr("## Not known")));
  std::istringstream lines(text);
  std::ptrdiff_t columns = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] != '|') {
      columns = 0;
      continue;
    }
    for (std::size_t at; (at = line.find("\\|")) != std::string::npos;) line.erase(at, 2);
    const auto bars = std::ranges::count(line, '|');
    if (columns > 0) {
      EXPECT_EQ(bars, columns) << line;
    }
    columns = bars;
  }
}

TEST(ReportText, without_an_original_and_measurements_compares_nothing) {
  const json bare = {{"sha256", "1"}, {"totals", {{"macs", 5}}}, {"targets", {{{"target", "x"}}}}};
  const std::string text = report_text(bare, 80);
  EXPECT_THAT(text, AllOf(HasSubstr("not measured"), Not(HasSubstr(" of "))));
  EXPECT_FALSE(report_text(json::object(), 80).empty());
}

}  // namespace
}  // namespace pare::cli
