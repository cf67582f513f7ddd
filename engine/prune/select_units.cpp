#include <algorithm>

#include "engine/prune/prune.h"

namespace pare::engine {
namespace {

Error refuse(const std::string& message) {
  return {ErrorCode::kInvalidArgument, message};
}

std::string named(const Group& group) {
  return "group " + group.name + " of " + std::to_string(group.units.size()) + " units";
}

bool is_permutation_of_units(const std::vector<int>& order, std::size_t count) {
  std::vector<int> sorted = order;
  std::ranges::sort(sorted);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int>(i)) return false;
  }
  return sorted.size() == count;
}

bool leaves_all_tensors(const Group& group, const std::vector<bool>& stays) {
  return std::ranges::all_of(group.covers, [&](const std::vector<int>& cover) {
    return std::ranges::any_of(cover, [&](int u) { return stays[static_cast<std::size_t>(u)]; });
  });
}

}  // namespace

Result<RemovedUnits> select_units(const Groups& groups, const std::map<std::string, int>& widths,
                                  const UnitOrders& orders) {
  std::size_t units = 0;
  for (const Group& group : groups.groups) units += group.units.size();
  RemovedUnits removed(units + 1, false);
  for (const auto& [name, width] : widths) {
    const auto group = std::ranges::find(groups.groups, name, &Group::name);
    if (group == groups.groups.end()) return refuse("the model has no channel group " + name);
    if (width < 1 || width > static_cast<int>(group->units.size())) {
      return refuse("width " + std::to_string(width) + " for " + named(*group));
    }
    if (width == static_cast<int>(group->units.size())) continue;
    const auto order = orders.find(name);
    if (order == orders.end()) return refuse(named(*group) + " has no order of importance");
    if (!is_permutation_of_units(order->second, group->units.size())) {
      return refuse("the order of importance of " + named(*group) + " is no permutation");
    }
    std::vector<bool> stays(group->units.size(), false);
    for (std::size_t i = 0; i < order->second.size(); ++i) {
      const auto unit = static_cast<std::size_t>(order->second[i]);
      stays[unit] = i < static_cast<std::size_t>(width);
      removed[group->units[unit]] = !stays[unit];
    }
    if (!leaves_all_tensors(*group, stays)) {
      return refuse("width " + std::to_string(width) + " for " + named(*group) +
                    " would leave a tensor without channels");
    }
  }
  return removed;
}

}  // namespace pare::engine
