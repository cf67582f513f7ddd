// What each raw channel of a head says, so that whatever compares two networks' outputs, or trains
// one to say what the other does, needs no knowledge of heads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pare::engine {

enum class ChannelKind : std::uint8_t {
  kObjectness,      // logit: is there an object
  kClasses,         // logits, one for each class, each a yes or no of its own
  kCategory,        // logits of one choice among the classes (softmax)
  kCategoryOrNone,  // the same, the first of which is that there is nothing
  kOffset,          // numbers of a box, as they are
  kSigmoidOffset,   // numbers of a box behind a sigmoid
  kTanhOffset,      // and behind a tanh
  kDistribution,    // logits of a distribution of one distance over bins, for each of four sides
};

constexpr bool is_of_box(ChannelKind kind) noexcept {
  return kind >= ChannelKind::kOffset;
}

// Neighbouring channels of one kind.
struct ChannelRange {
  std::size_t tensor = 0;  // position in HeadLevel::tensors
  int first = 0;
  int count = 0;
  ChannelKind kind = ChannelKind::kObjectness;
  int anchor = 0;  // ranges with the same one speak of the same box
};

}  // namespace pare::engine
