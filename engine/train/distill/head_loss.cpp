#include "engine/train/distill/head_loss.h"

#include <algorithm>
#include <map>

namespace pare::engine {
namespace {

constexpr double kBoxWeight = 8;
// Below it the loss of a number of a box is quadratic: a box of two strides that is off by a tenth
// of a stride on each side has an IoU of .82 already, so that with a bend at 1 nobody would mind.
constexpr double kBoxBend = 0.1;
constexpr double kUnseenWeight = 0.05;  // of classes, where no objectness says what is seen
constexpr std::int64_t kSides = 4;

torch::Tensor channels_of(const std::vector<torch::Tensor>& values,
                          const HeadChannels::Level& level, const ChannelRange& range) {
  return values[level.tensors[range.tensor]].narrow(1, range.first, range.count);
}

// That a choice among nothing and the classes is not nothing.
torch::Tensor something(const torch::Tensor& logits) {
  return 1 - torch::softmax(logits, 1).narrow(1, 0, 1);
}

// What is seen at each place for one anchor: objectness, or the surest class.
torch::Tensor seen_by(const std::vector<torch::Tensor>& teacher, const HeadChannels::Level& level,
                      int anchor) {
  torch::Tensor best;
  for (const ChannelRange& range : level.ranges) {
    if (range.anchor != anchor) continue;
    if (range.kind == ChannelKind::kObjectness) {
      return torch::sigmoid(channels_of(teacher, level, range));
    }
    if (range.kind == ChannelKind::kClasses) {
      best = std::get<0>(torch::sigmoid(channels_of(teacher, level, range)).max(1, true));
    }
    if (range.kind == ChannelKind::kCategoryOrNone) {
      best = something(channels_of(teacher, level, range));
    }
  }
  return best;
}

bool has_objectness(const HeadChannels::Level& level) {
  return std::ranges::find(level.ranges, ChannelKind::kObjectness, &ChannelRange::kind) !=
         level.ranges.end();
}

// Binary cross entropy of logits less its least value.
torch::Tensor binary_divergence(const torch::Tensor& student, const torch::Tensor& teacher) {
  return torch::softplus(student) - torch::softplus(teacher) -
         torch::sigmoid(teacher) * (student - teacher);
}

// Of logits along a dimension, which goes.
torch::Tensor divergence(const torch::Tensor& student, const torch::Tensor& teacher,
                         std::int64_t dimension) {
  const torch::Tensor log_t = torch::log_softmax(teacher, dimension);
  return (log_t.exp() * (log_t - torch::log_softmax(student, dimension))).sum(dimension, true);
}

torch::Tensor box_difference(ChannelKind kind, const torch::Tensor& student,
                             const torch::Tensor& teacher) {
  const auto bent = [&](const torch::Tensor& x) {
    if (kind == ChannelKind::kSigmoidOffset) return torch::sigmoid(x) * 2;
    return kind == ChannelKind::kTanhOffset ? torch::tanh(x) : x;
  };
  return torch::smooth_l1_loss(bent(student), bent(teacher), at::Reduction::None, kBoxBend);
}

torch::Tensor range_loss(const HeadChannels& head, const ChannelRange& range,
                         const torch::Tensor& student, const torch::Tensor& teacher,
                         const torch::Tensor& seen, bool objectness) {
  switch (range.kind) {
    case ChannelKind::kObjectness: return binary_divergence(student, teacher).sum();
    case ChannelKind::kClasses:
      return (binary_divergence(student, teacher) * (objectness ? seen : seen + kUnseenWeight))
          .sum();
    case ChannelKind::kCategoryOrNone:
      return (divergence(student, teacher, 1) * (seen + kUnseenWeight)).sum();
    case ChannelKind::kCategory: return (divergence(student, teacher, 1) * seen).sum();
    case ChannelKind::kOffset:
    case ChannelKind::kSigmoidOffset:
    case ChannelKind::kTanhOffset:
      return (box_difference(range.kind, student, teacher) * seen).sum() * kBoxWeight;
    case ChannelKind::kDistribution: {
      const auto by_side = [&](const torch::Tensor& x) {
        return x.reshape({x.size(0), kSides, head.bins, x.size(2), x.size(3)});
      };
      return (divergence(by_side(student), by_side(teacher), 2) * seen.unsqueeze(1)).sum();
    }
  }
  return torch::zeros({});
}

std::vector<int> anchors_of(const HeadChannels::Level& level) {
  std::vector<int> anchors;
  for (const ChannelRange& range : level.ranges) {
    if (std::ranges::find(anchors, range.anchor) == anchors.end()) anchors.push_back(range.anchor);
  }
  return anchors;
}

}  // namespace

HeadChannels head_channels(const HeadMatch& head, const std::vector<std::string>& outputs) {
  HeadChannels channels;
  channels.bins = head.bins;
  for (const HeadLevel& level : head.levels) {
    HeadChannels::Level own{{}, roles_of(head, level)};
    if (own.ranges.empty()) return {};
    for (const std::string& tensor : level.tensors) {
      const auto at = std::ranges::find(outputs, tensor);
      own.tensors.push_back(static_cast<std::size_t>(at - outputs.begin()));
    }
    channels.levels.push_back(std::move(own));
  }
  return channels;
}

std::vector<torch::Tensor> object_scores(const HeadChannels& head,
                                         const std::vector<torch::Tensor>& teacher) {
  std::vector<torch::Tensor> scores;
  for (const HeadChannels::Level& level : head.levels) {
    torch::Tensor best;
    for (const ChannelRange& range : level.ranges) {
      const torch::Tensor logits = channels_of(teacher, level, range);
      torch::Tensor score;
      if (range.kind == ChannelKind::kClasses) {
        score = std::get<0>(torch::sigmoid(logits).max(1, true));
      } else if (range.kind == ChannelKind::kCategoryOrNone) {
        score = something(logits);
      } else if (range.kind == ChannelKind::kCategory) {
        score = std::get<0>(torch::softmax(logits, 1).max(1, true));
      } else {
        continue;
      }
      if (has_objectness(level)) score = score * seen_by(teacher, level, range.anchor);
      best = best.defined() ? torch::maximum(best, score) : score;
    }
    scores.push_back(best);
  }
  return scores;
}

torch::Tensor head_loss(const HeadChannels& head, const std::vector<torch::Tensor>& student,
                        const std::vector<torch::Tensor>& teacher) {
  torch::Tensor total = torch::zeros({}), places = torch::zeros({});
  for (const HeadChannels::Level& level : head.levels) {
    std::map<int, torch::Tensor> seen;
    for (const int anchor : anchors_of(level)) {
      seen[anchor] = seen_by(teacher, level, anchor);
      places = places + seen[anchor].sum();
    }
    for (const ChannelRange& range : level.ranges) {
      total = total + range_loss(head, range, channels_of(student, level, range),
                                 channels_of(teacher, level, range), seen.at(range.anchor),
                                 has_objectness(level));
    }
  }
  return total / places.clamp_min(1);
}

}  // namespace pare::engine
