#include "engine/pipeline/output_shares.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace pare::engine {
namespace {

enum Role : std::size_t { kBox, kObjectness, kClass };

// By role.  Scores only order boxes, while boxes are judged at IoU up to 0.95.  Of 2, 4, 6, 9 and
// 16 for boxes 4 kept most of two detectors within their first few points (docs/adr/0031).
constexpr std::array<double, 3> kWeight = {4, 1, 1};

Role role_of(ChannelKind kind) {
  if (is_of_box(kind)) return kBox;
  return kind == ChannelKind::kObjectness ? kObjectness : kClass;
}

std::size_t channels_of(const Detector& detector, const std::string& tensor) {
  const Shape& shape = detector.observed.shapes.find(tensor)->second;
  return static_cast<std::size_t>(shape.size() > 1 ? shape[1] : 1);
}

// All alike.
std::map<std::string, std::vector<double>> equal_shares(const Detector& detector) {
  std::map<std::string, std::vector<double>> shares;
  const auto outputs = static_cast<double>(detector.body.outputs.size());
  for (const TensorInfo& output : detector.body.outputs) {
    const std::size_t channels = channels_of(detector, output.name);
    shares[output.name].assign(channels, 1 / outputs / static_cast<double>(channels));
  }
  return shares;
}

// Those of one level, which sum to `share`.
void add_level(const Detector& detector, const HeadLevel& level, double share,
               std::map<std::string, std::vector<double>>& shares) {
  const std::vector<ChannelRange> ranges = roles_of(detector.head, level);
  std::array<double, 3> count{};
  for (const ChannelRange& range : ranges) count[role_of(range.kind)] += range.count;
  double whole = 0;
  for (const Role role : {kBox, kObjectness, kClass}) whole += count[role] > 0 ? kWeight[role] : 0;
  for (const std::string& tensor : level.tensors) {
    shares[tensor].assign(channels_of(detector, tensor), 0);
  }
  for (const ChannelRange& range : ranges) {
    const Role role = role_of(range.kind);
    const auto first = shares[level.tensors[range.tensor]].begin() + range.first;
    std::fill_n(first, range.count, share * kWeight[role] / whole / count[role]);
  }
}

}  // namespace

std::map<std::string, std::vector<double>> output_shares(const Detector& detector) {
  const std::vector<HeadLevel>& levels = detector.head.levels;
  if (levels.empty() || roles_of(detector.head, levels[0]).empty()) return equal_shares(detector);
  std::map<std::string, std::vector<double>> shares;
  for (const HeadLevel& level : levels) {
    add_level(detector, level, 1 / static_cast<double>(levels.size()), shares);
  }
  return shares;
}

}  // namespace pare::engine
