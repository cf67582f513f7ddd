#include "cli/check_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/check_rules.h"

namespace pare::cli {
namespace {

constexpr std::size_t kMostNamed = 3;

// A setting of int8 that fails, with the networks where it does.
struct BrokenSetting {
  AvoidRule rule;
  bool runs = true;
  std::vector<std::string> networks;
  CorrectnessProbe worst;
};

struct Broken {
  std::vector<BrokenSetting> settings;
  std::size_t rules = 0;  // of all networks together: as many findings are about them
};

Broken broken_settings(const DeviceCheck& check) {
  Broken broken;
  for (const std::vector<CorrectnessProbe>& probes : by_network(check.correctness)) {
    for (const AvoidRule& rule : rules_for(probes)) {
      ++broken.rules;
      const CorrectnessProbe& worst = worst_of(probes, rule);
      const bool runs = worst.failure.empty();
      auto same = std::ranges::find_if(broken.settings, [&](const BrokenSetting& setting) {
        return setting.runs == runs && setting.rule.placement == rule.placement &&
               setting.rule.weight_bits == rule.weight_bits;
      });
      if (same == broken.settings.end()) {
        same = broken.settings.insert(same, {rule, runs, {}, worst});
      }
      same->networks.push_back(worst.network);
      if (worst.error > same->worst.error) same->worst = worst;
    }
  }
  return broken;
}

// The layers that a network of the check stands for (engine/pipeline/probe_networks.cpp).
std::string layers_of(const std::string& network) {
  if (network == "relu") return "plain convolutions";
  if (network == "large_weights") return "layers of large weights";
  if (network == "silu") return "SiLU";
  if (network == "leaky_relu") return "LeakyRelu";
  if (network == "depthwise") return "depthwise layers";
  if (network == "relu_joints") return "sums and poolings behind Relu";
  if (network == "silu_joints") return "sums and poolings behind SiLU";
  if (network == "leaky_relu_joints") return "sums and poolings behind LeakyRelu";
  return network;
}

std::string named(const std::vector<std::string>& networks) {
  std::string out =
      networks.size() <= kMostNamed ? "" : fmt::format("{} kinds of layers: ", networks.size());
  for (std::size_t i = 0; i < std::min(networks.size(), kMostNamed); ++i) {
    out += (i == 0 ? "" : ", ") + layers_of(networks[i]);
  }
  if (networks.size() > kMostNamed)
    out += fmt::format(" and {} more", networks.size() - kMostNamed);
  return out;
}

// Where 8-bit weights fail on large products and 7-bit weights do not, sums are cut off: the
// processor adds two products of bytes in 16 bits.
bool saturates(const BrokenSetting& setting) {
  return setting.runs && !setting.rule.placement && setting.rule.weight_bits == 8 &&
         std::ranges::find(setting.networks, "large_weights") != setting.networks.end();
}

std::string fact_of(const BrokenSetting& setting) {
  const char* what = saturates(setting) ? " saturates on this processor"
                     : setting.runs     ? " is computed wrongly"
                                        : " does not run";
  const std::string measured =
      setting.runs ? fmt::format("error up to {:.2g} of the output, exact arithmetic has {:.2g}",
                                 setting.worst.error, setting.worst.expected)
                   : setting.worst.failure;
  return setting_of(setting.rule) + what + ", in " + named(setting.networks) + " (" + measured +
         "); not tried";
}

// "rt: it is slow." is a finding about "it is slow".
std::string_view sentence_of(std::string_view finding) {
  const std::size_t colon = finding.find(": ");
  if (colon != std::string_view::npos && finding.find(' ') > colon)
    finding.remove_prefix(colon + 2);
  if (finding.ends_with('.')) finding.remove_suffix(1);
  return finding;
}

// Findings begin with those about broken settings, a rule each, in the order of `avoid`.
bool begins_with_rules(const DeviceCheck& check, std::size_t rules) {
  if (check.findings.size() < rules || check.avoid.size() < rules) return false;
  for (std::size_t i = 0; i < rules; ++i) {
    if (sentence_of(check.findings[i]) != check.avoid[i].reason) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> facts_of(const DeviceCheck& check) {
  std::vector<std::string> facts;
  const Broken broken = broken_settings(check);
  // An engine of another version may have other words: then each finding is shown.
  const bool known = begins_with_rules(check, broken.rules);
  if (known) std::ranges::transform(broken.settings, std::back_inserter(facts), fact_of);
  for (std::size_t i = known ? broken.rules : 0; i < check.findings.size(); ++i) {
    const std::string_view sentence = sentence_of(check.findings[i]);
    const bool avoided =
        std::ranges::find(check.avoid, sentence, &AvoidRule::reason) != check.avoid.end();
    facts.push_back(std::string(sentence) + (avoided ? "; not tried" : ""));
  }
  return facts;
}

}  // namespace pare::cli
