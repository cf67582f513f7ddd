#include "core/check_rules.h"

#include <algorithm>
#include <tuple>

#include "core/check.h"

namespace pare {

std::vector<std::vector<CorrectnessProbe>> by_network(const std::vector<CorrectnessProbe>& probes) {
  std::vector<std::vector<CorrectnessProbe>> networks;
  for (const CorrectnessProbe& probe : probes) {
    const auto same = std::ranges::find_if(networks, [&](const auto& of_network) {
      return of_network.front().network == probe.network;
    });
    if (same == networks.end()) {
      networks.push_back({probe});
    } else {
      same->push_back(probe);
    }
  }
  return networks;
}

bool covers(const AvoidRule& rule, const CorrectnessProbe& probe) {
  return (!rule.placement || *rule.placement == probe.placement) &&
         (!rule.weight_bits || *rule.weight_bits == probe.weight_bits);
}

std::vector<AvoidRule> rules_for(std::vector<CorrectnessProbe> of_network) {
  PARE_CHECK(!of_network.empty(), "there is a probe");
  std::ranges::sort(of_network, {}, [](const CorrectnessProbe& probe) {
    return std::tuple(probe.placement, probe.weight_bits);
  });
  // Some are covered, and none of those is right.
  const auto fails = [&](const AvoidRule& rule) {
    const auto covered = [&](const CorrectnessProbe& probe) { return covers(rule, probe); };
    return std::ranges::any_of(of_network, covered) &&
           std::ranges::none_of(of_network, [&](const CorrectnessProbe& probe) {
             return covered(probe) && probe.ok;
           });
  };
  const ModelTrait trait = of_network.front().trait;
  std::vector<AvoidRule> rules;
  for (const CorrectnessProbe& probe : of_network) {
    const auto covered = [&](const AvoidRule& rule) { return covers(rule, probe); };
    if (probe.ok || std::ranges::any_of(rules, covered)) continue;
    for (const AvoidRule& rule :
         {AvoidRule{trait, {}, {}, ""}, AvoidRule{trait, {}, probe.weight_bits, ""},
          AvoidRule{trait, probe.placement, {}, ""},
          AvoidRule{trait, probe.placement, probe.weight_bits, ""}}) {
      if (!fails(rule)) continue;
      rules.push_back(rule);
      break;
    }
  }
  return rules;
}

const CorrectnessProbe& worst_of(const std::vector<CorrectnessProbe>& probes,
                                 const AvoidRule& rule) {
  const CorrectnessProbe* worst = nullptr;
  for (const CorrectnessProbe& probe : probes) {
    if (probe.ok || !covers(rule, probe)) continue;
    if (worst == nullptr || probe.error > worst->error) worst = &probe;
  }
  PARE_CHECK(worst != nullptr, "a probe that fails is covered");
  return *worst;
}

std::string_view words_of(QdqPlacement placement) {
  switch (placement) {
    case QdqPlacement::kOperators: return "around every operator";
    case QdqPlacement::kConvolutions: return "around convolutions";
    case QdqPlacement::kSiluBlocks: return "around SiLU blocks";
  }
  return "";
}

std::string setting_of(const AvoidRule& rule) {
  std::string words = "int8";
  if (rule.weight_bits) words += " with " + std::to_string(*rule.weight_bits) + "-bit weights";
  if (rule.placement) words += " with Q/DQ " + std::string(words_of(*rule.placement));
  return words;
}

}  // namespace pare
