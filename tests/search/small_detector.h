// A made-up detector and what its plans would measure, by formula: for tests of the search.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "core/model_summary.h"
#include "search/strategy.h"

namespace pare::search {

// `groups` channel groups of 16 to 64 channels in steps of 8, a stem, depthwise and dense layers.
inline ModelSummary small_detector(int groups) {
  ModelSummary model;
  model.sha256 = std::string(64, 'a');
  model.card.head = "yolox";
  model.card.height = 416;
  model.card.width = 416;
  model.stride = 32;
  for (int g = 0; g < groups; ++g) {
    ChannelGroup group;
    group.name = "group" + std::to_string(g);
    group.producers = {"layer" + std::to_string(g)};
    group.channels = 16 + 16 * (g % 4);
    for (int width = 8; width <= group.channels; width += 8) group.widths.push_back(width);
    model.groups.push_back(group);
    Layer layer;
    layer.name = "layer" + std::to_string(g);
    layer.op = "Conv";
    layer.in_channels = layer.out_channels = group.channels;
    layer.groups = g % 3 == 2 ? group.channels : 1;
    layer.macs = 1000;
    model.layers.push_back(layer);
    model.macs += layer.macs;
  }
  return model;
}

inline constexpr int kTimedTrials = 20;

// Accuracy falls with the square of what is removed, faster in some groups than in others; latency
// with what is removed and with the resolution; int8 pays on the second target only.  Layers are
// timed in the first trials.
inline Observation observe(const Space& space, const Genome& genome, int trial, int targets) {
  const Plan plan = space.plan_of(genome);
  double lost = 0;
  double kept = 0;
  int groups = 0;
  for (const Decision& d : space.decisions()) {
    if (d.family != family::kWidth) continue;
    const auto at = plan.widths.find(d.name);
    const double share =
        at == plan.widths.end() ? 1.0 : static_cast<double>(at->second) / d.values.back();
    lost += (1 - share) * (1 - share) * (groups % 5 == 0 ? 0.3 : 0.03);
    kept += share;
    ++groups;
  }
  const double scale = plan.height / 416.0;
  const double map = 0.4 - 0.1 * (1 - scale) - lost - (plan.quantization ? 0.02 : 0.0);
  Observation out{TrialId{trial}, genome, {}};
  for (int t = 0; t < targets; ++t) {
    const double int8 = plan.quantization && t == 1 ? 0.6 : 1.0;
    const double latency = 10 * scale * scale * int8 * (0.2 + 0.8 * kept / std::max(1, groups));
    out.targets.push_back({Status::kMeasured, {1 - std::max(0.0, map), std::log(latency)}, {}});
    if (trial > kTimedTrials) continue;
    LayerTimes& layers = out.targets.back().layers.emplace(LayerTimes{1, {}});
    for (const LayerSetting& setting : space.layer_settings(genome)) {
      layers.ms.push_back(10 * scale * scale * int8 * (0.2 + 0.8 * setting.outputs));
    }
  }
  return out;
}

inline Observation failed(const Genome& genome, int trial, int targets) {
  Observation out{TrialId{trial}, genome, {}};
  for (int t = 0; t < targets; ++t) out.targets.push_back({Status::kInfeasible, {}, {}});
  return out;
}

}  // namespace pare::search
