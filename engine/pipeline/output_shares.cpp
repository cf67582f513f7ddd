#include "engine/pipeline/output_shares.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace pare::engine {
namespace {

enum Role : std::size_t { kBox, kObjectness, kClass };

// By role.  Scores only order boxes, while boxes are judged at IoU up to 0.95.
constexpr std::array<double, 3> kWeight = {2, 1, 1};

constexpr std::size_t kBoxNumbers = 4;

// What each channel of a level's tensor is.  `classes` tells classes apart from all else.
std::vector<Role> roles_of(std::size_t channels, std::size_t classes, std::size_t bins) {
  std::vector<Role> roles(channels, kBox);
  const std::size_t row = kBoxNumbers + 1 + classes;
  if (channels == classes) {
    roles.assign(channels, kClass);
  } else if (channels == 1) {
    roles.assign(channels, kObjectness);
  } else if (bins > 0 && channels == classes + kBoxNumbers * bins) {  // scores, then distances
    std::fill_n(roles.begin(), classes, kClass);
  } else if (channels % row == 0) {  // box, objectness, classes for each anchor
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t place = c % row;
      roles[c] = place < kBoxNumbers ? kBox : place == kBoxNumbers ? kObjectness : kClass;
    }
  }
  return roles;
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
  std::map<std::string, std::vector<Role>> roles;
  std::array<double, 3> count{};
  for (const std::string& tensor : level.tensors) {
    roles[tensor] =
        roles_of(channels_of(detector, tensor), static_cast<std::size_t>(detector.head.classes),
                 static_cast<std::size_t>(detector.head.bins));
    for (const Role role : roles[tensor]) ++count[role];
  }
  double whole = 0;
  for (const Role role : {kBox, kObjectness, kClass}) whole += count[role] > 0 ? kWeight[role] : 0;
  for (const auto& [tensor, of_channel] : roles) {
    for (const Role role : of_channel) {
      shares[tensor].push_back(share * kWeight[role] / whole / count[role]);
    }
  }
}

}  // namespace

std::map<std::string, std::vector<double>> output_shares(const Detector& detector) {
  const std::vector<HeadLevel>& levels = detector.head.levels;
  if (levels.empty() || detector.head.classes == 0) return equal_shares(detector);
  std::map<std::string, std::vector<double>> shares;
  for (const HeadLevel& level : levels) {
    add_level(detector, level, 1 / static_cast<double>(levels.size()), shares);
  }
  return shares;
}

}  // namespace pare::engine
