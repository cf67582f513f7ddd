#include "cli/guidance_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/table.h"

namespace pare::cli {
namespace {

// One width of one group.
struct Step {
  std::string group;
  int width = 0;
  double damage = 0;
  double saved = 0;  // share of the model's MACs
  double price() const { return saved > 0 ? damage / saved : damage; }
};

// The width nearest to three quarters: ascending widths and one step to the full one are known.
Step step_of(const GroupSensitivity& group, std::int64_t macs) {
  const std::size_t last = group.widths.size() - 1;
  const std::size_t at = last - std::min(last, group.widths.size() / 4);
  return {group.group, group.widths[at], group.damage[at],
          static_cast<double>(group.macs_saved[at]) / static_cast<double>(macs)};
}

}  // namespace

std::string guidance_text(const Guidance& guidance, std::int64_t macs, int width) {
  std::vector<Step> steps;
  for (const GroupSensitivity& group : guidance.groups) {
    if (!group.widths.empty()) steps.push_back(step_of(group, macs));
  }
  std::ranges::stable_sort(steps, {}, &Step::price);
  Table groups({{"group, cheapest first"},
                {"width", Align::kRight},
                {"damage", Align::kRight},
                {"MACs saved", Align::kRight}});
  for (const Step& step : steps) {
    groups.add({step.group, std::to_string(step.width), fmt::format("{:.4f}", step.damage),
                fmt::format("{:.2f} %", 100 * step.saved)});
  }
  Table allocations({{"MACs saved", Align::kRight},
                     {"damage", Align::kRight},
                     {"groups narrower", Align::kRight}});
  for (const Allocation& allocation : guidance.allocations) {
    allocations.add({fmt::format("{:.1f} %", 100 * allocation.macs_saved),
                     fmt::format("{:.4f}", allocation.damage),
                     std::to_string(allocation.widths.size())});
  }
  std::string out = groups.text(width) + "\n" + allocations.text(width);
  for (const std::string& note : guidance.notes) out += "note: " + note + "\n";
  return out;
}

}  // namespace pare::cli
