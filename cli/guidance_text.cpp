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

// Blocks that go together, or a smaller kernel.
struct Part {
  std::string what;
  double damage = 0;
  double saved = 0;  // share of the model's MACs
  double price() const { return saved > 0 ? damage / saved : damage; }
};

// The cheapest first.
std::vector<Part> parts_of(const Guidance& guidance, std::int64_t macs) {
  std::vector<Part> parts;
  const auto share = [&](std::int64_t saved) {
    return static_cast<double>(saved) / static_cast<double>(macs);
  };
  for (const StageSensitivity& stage : guidance.blocks) {
    for (std::size_t k = 0; k < stage.blocks.size(); ++k) {
      const std::string before = k == 0 ? "" : fmt::format(" and {} behind it", k);
      parts.push_back({stage.blocks[k] + before, stage.damage[k], share(stage.macs_saved[k])});
    }
  }
  for (const KernelSensitivity& kernel : guidance.kernels) {
    for (std::size_t i = 0; i < kernel.sizes.size(); ++i) {
      parts.push_back({fmt::format("{} at {}x{}", kernel.layer, kernel.sizes[i], kernel.sizes[i]),
                       kernel.damage[i], share(kernel.macs_saved[i])});
    }
  }
  std::ranges::stable_sort(parts, {}, &Part::price);
  return parts;
}

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
  Table parts({{"skipped block or smaller kernel"},
               {"damage", Align::kRight},
               {"MACs saved", Align::kRight}});
  for (const Part& part : parts_of(guidance, macs)) {
    parts.add(
        {part.what, fmt::format("{:.4f}", part.damage), fmt::format("{:.2f} %", 100 * part.saved)});
  }
  Table allocations({{"MACs saved", Align::kRight},
                     {"damage", Align::kRight},
                     {"groups narrower", Align::kRight},
                     {"blocks", Align::kRight},
                     {"kernels", Align::kRight}});
  for (const Allocation& allocation : guidance.allocations) {
    allocations.add(
        {fmt::format("{:.1f} %", 100 * allocation.macs_saved),
         fmt::format("{:.4f}", allocation.damage), std::to_string(allocation.widths.size()),
         std::to_string(allocation.skip.size()), std::to_string(allocation.kernels.size())});
  }
  std::string out = groups.text(width) + "\n";
  if (!guidance.blocks.empty() || !guidance.kernels.empty()) out += parts.text(width) + "\n";
  out += allocations.text(width);
  for (const std::string& note : guidance.notes) out += "note: " + note + "\n";
  return out;
}

}  // namespace pare::cli
