// What preparing a model learned of it, for the search to start from: what each part is expected to
// cost before a single trial is spent.
//
// Expectations from the calibration images, never results: a plan is judged by what it measures.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/model_summary.h"

namespace pare {

// What narrowing one group costs and saves, everything else left as it is.
struct GroupSensitivity {
  std::string group;
  std::vector<int> widths;               // below the full one, ascending
  std::vector<double> damage;            // of each width: error of the outputs behind it, relative
  std::vector<std::int64_t> macs_saved;  // of each width
  friend bool operator==(const GroupSensitivity&, const GroupSensitivity&) = default;
};

// What leaving out blocks of one stage costs and saves: of the first one, the first two, ...
struct StageSensitivity {
  std::vector<std::string> blocks;       // in the order in which they go
  std::vector<double> damage;            // as GroupSensitivity's
  std::vector<std::int64_t> macs_saved;  // of so many blocks together
  friend bool operator==(const StageSensitivity&, const StageSensitivity&) = default;
};

// What a smaller kernel of one layer costs and saves.
struct KernelSensitivity {
  std::string layer;
  std::vector<int> sizes;  // the largest first
  std::vector<double> damage;
  std::vector<std::int64_t> macs_saved;
  friend bool operator==(const KernelSensitivity&, const KernelSensitivity&) = default;
};

// What else than widths a plan may choose, in the order of the model's summary.
struct PartChoices {
  std::vector<StageSensitivity> blocks;
  std::vector<KernelSensitivity> kernels;
  bool empty() const noexcept { return blocks.empty() && kernels.empty(); }
  friend bool operator==(const PartChoices&, const PartChoices&) = default;
};

// Widths of all groups at once that together save so many MACs at the least expected damage.
struct Allocation {
  double macs_saved = 0;              // share of the model's
  double damage = 0;                  // the groups' damages, summed
  std::map<std::string, int> widths;  // as in Plan::widths
  std::set<std::string> skip = {};    // as in Plan
  std::map<std::string, int> kernels = {};
  friend bool operator==(const Allocation&, const Allocation&) = default;
};

// What quantizing one layer alone does to the model's outputs.
struct LayerSensitivity {
  std::string layer;
  double damage = 0;  // relative error of the outputs
  friend bool operator==(const LayerSensitivity&, const LayerSensitivity&) = default;
};

struct Guidance {
  std::vector<GroupSensitivity> groups;       // in the order of the model's summary
  std::vector<Allocation> allocations;        // the smallest saving first
  std::vector<LayerSensitivity> int8_layers;  // the most harmed first; empty: not measured
  std::vector<std::string> notes;             // for people, one sentence each
  std::vector<TriedSize> left_out = {};       // sizes that could not be prepared, and why
  std::string why_no_int8 = {};               // empty: int8 plans can be built
  std::vector<StageSensitivity> blocks = {};  // in the order of the model's summary
  std::vector<KernelSensitivity> kernels = {};
  friend bool operator==(const Guidance&, const Guidance&) = default;
};

}  // namespace pare
