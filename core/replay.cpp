#include "core/replay.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace pare {
namespace {

constexpr std::size_t kMostNames = 5;

std::string quoted(const std::string& name) {
  return "'" + name + "'";
}

// "'a', 'b' and 3 more"
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) {
    text += (i == 0 ? "" : ", ") + quoted(names[i]);
  }
  if (names.size() > kMostNames)
    text += " and " + std::to_string(names.size() - kMostNames) + " more";
  return text;
}

std::map<std::string, const ChannelGroup*> by_name(const ModelSummary& model) {
  std::map<std::string, const ChannelGroup*> groups;
  for (const ChannelGroup& group : model.groups) groups[group.name] = &group;
  return groups;
}

std::set<std::string> layer_names(const ModelSummary& model) {
  std::set<std::string> names;
  for (const Layer& layer : model.layers) names.insert(layer.name);
  return names;
}

std::vector<std::string> missing(const std::set<std::string>& wanted,
                                 const std::set<std::string>& there) {
  std::vector<std::string> names;
  std::ranges::set_difference(wanted, there, std::back_inserter(names));
  return names;
}

std::string choices(const ChannelGroup& group) {
  std::string text;
  for (const int width : group.widths) text += (text.empty() ? "" : " ") + std::to_string(width);
  return text;
}

void check_width(const std::string& name, int width, const ChannelGroup& group,
                 ReplayReport& report) {
  const std::string what =
      "the plan narrows group " + quoted(name) + " to " + std::to_string(width) + " channels, and ";
  if (width == group.channels) {
    report.warnings.push_back(what + "the model has no more there");
  } else if (std::ranges::find(group.widths, width) == group.widths.end()) {
    report.obstacles.push_back(what + "the model has " + std::to_string(group.channels) +
                               " there, of which it can keep " + choices(group));
  }
}

void check_weights(const Plan& plan, ReplayReport& report) {
  if (plan.weights == Weights::kOriginal) return;
  report.warnings.push_back(
      std::string(plan.weights == Weights::kTuned
                      ? "the plan's weights were trained for it alone, from other ones"
                      : "the plan's weights are those of a super-network, which was trained for "
                        "other weights") +
      " than these: what it removes is repaired in closed form instead");
}

void check_kernel(const std::string& layer, int size, const ModelSummary& model,
                  ReplayReport& report) {
  const auto kernel = std::ranges::find(model.kernels, layer, &KernelChoice::layer);
  if (kernel != model.kernels.end() &&
      std::ranges::find(kernel->sizes, size) != kernel->sizes.end()) {
    return;
  }
  const std::string side = std::to_string(size);
  report.obstacles.push_back("the plan gives layer " + quoted(layer) + " a kernel of " + side +
                             "x" + side + ", which it cannot have in the model");
}

void check_names(const Plan& plan, const ModelSummary& model, ReplayReport& report) {
  const auto groups = by_name(model);
  for (const auto& [name, width] : plan.widths) {
    const auto group = groups.find(name);
    if (group == groups.end()) {
      report.obstacles.push_back("the plan narrows group " + quoted(name) +
                                 ", which the model does not have");
    } else {
      check_width(name, width, *group->second, report);
    }
  }
  std::set<std::string> blocks;
  for (const DepthStage& stage : model.stages) {
    for (const DepthBlock& block : stage.blocks) blocks.insert(block.name);
  }
  for (const std::string& block : missing(plan.skip, blocks)) {
    report.obstacles.push_back("the plan skips block " + quoted(block) +
                               ", which the model does not have");
  }
  for (const auto& [layer, size] : plan.kernels) check_kernel(layer, size, model, report);
  std::set<std::string> named;
  for (const auto& [layer, directive] : plan.layers) named.insert(layer);
  for (const std::string& layer : missing(named, layer_names(model))) {
    report.obstacles.push_back("the plan has a word on layer " + quoted(layer) +
                               ", which the model does not have");
  }
}

void compare_layers(const ModelSummary& model, const ModelSummary& original, ReplayReport& report) {
  if (model.layers.size() != original.layers.size()) {
    report.warnings.push_back("the model has " + std::to_string(model.layers.size()) +
                              " layers, the original had " +
                              std::to_string(original.layers.size()));
  }
  const auto here = layer_names(model);
  const auto there = layer_names(original);
  if (const auto gone = missing(there, here); !gone.empty()) {
    report.warnings.push_back("layers of the original that the model does not have: " +
                              listed(gone));
  }
  if (const auto added = missing(here, there); !added.empty()) {
    report.warnings.push_back("layers that the original did not have: " + listed(added));
  }
}

void compare_groups(const ModelSummary& model, const ModelSummary& original, ReplayReport& report) {
  const auto here = by_name(model);
  std::vector<std::string> gone;
  for (const ChannelGroup& group : original.groups) {
    const auto found = here.find(group.name);
    if (found == here.end()) {
      gone.push_back(group.name);
    } else if (found->second->channels != group.channels) {
      report.warnings.push_back("group " + quoted(group.name) + " has " +
                                std::to_string(found->second->channels) +
                                " channels, the original had " + std::to_string(group.channels));
    }
  }
  if (!gone.empty()) {
    report.warnings.push_back("groups of the original that are none here: " + listed(gone));
  }
}

}  // namespace

ReplayReport check_replay(const Plan& plan, const ModelSummary& model,
                          const std::optional<ModelSummary>& original) {
  ReplayReport report;
  check_names(plan, model, report);
  check_weights(plan, report);
  if (model.stride > 0 && (plan.height % model.stride != 0 || plan.width % model.stride != 0)) {
    report.obstacles.push_back(
        "the plan's input of " + std::to_string(plan.height) + "x" + std::to_string(plan.width) +
        " is no multiple of the model's stride " + std::to_string(model.stride));
  }
  if (!original) return report;
  if (model.card.head != original->card.head) {
    report.warnings.push_back("the model's head is " + model.card.head + ", the original's was " +
                              original->card.head);
  }
  compare_layers(model, *original, report);
  compare_groups(model, *original, report);
  return report;
}

}  // namespace pare
