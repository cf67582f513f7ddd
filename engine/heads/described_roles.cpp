// What the raw channels of a described head say.
#include <algorithm>

#include "engine/heads/described_match.h"
#include "engine/heads/head_form.h"

namespace pare::engine {
namespace {

// What a box's numbers are behind, of those that the raw outputs hold.
std::vector<ChannelRange> box_ranges(const HeadBox& box, const RawPart& raw, int anchor,
                                     int first) {
  if (box.bins > 1) {
    return {{raw.tensor, first, 4 * box.bins, ChannelKind::kDistribution, anchor}};
  }
  const auto kind = [](HeadFunction function) {
    const bool sigmoid =
        function == HeadFunction::kSigmoid || function == HeadFunction::kSquaredSigmoid;
    return sigmoid ? ChannelKind::kSigmoidOffset : ChannelKind::kOffset;
  };
  if (box.from == BoxFrom::kDistances) {
    return {{raw.tensor, first, 4, ChannelKind::kOffset, anchor}};
  }
  return {{raw.tensor, first, 2, kind(box.centre), anchor},
          {raw.tensor, first + 2, 2, kind(box.size), anchor}};
}

ChannelKind kind_of(const FormPart& part, HeadBackground background) {
  if (part.part == HeadPart::kObjectness) return ChannelKind::kObjectness;
  if (part.part == HeadPart::kOther) return ChannelKind::kOffset;
  if (part.function != HeadFunction::kSoftmax) return ChannelKind::kClasses;
  return background == HeadBackground::kFirst ? ChannelKind::kCategoryOrNone
                                              : ChannelKind::kCategory;
}

}  // namespace

std::vector<ChannelRange> roles_of_described(const HeadMatch& match, const HeadLevel& level) {
  const HeadForm form(*match.description, match.classes, 1, 1);
  const auto at = std::ranges::find(form.levels(), level.stride, &HeadForm::Level::stride);
  std::vector<ChannelRange> ranges;
  for (int anchor = 0; anchor < at->anchors; ++anchor) {
    for (std::size_t p = 0; p < level.parts.size(); ++p) {
      const RawPart& raw = level.parts[p];
      const int first = raw.first + anchor * raw.pitch;
      if (raw.pitch == 0) continue;
      if (p == form.parts().size()) {  // of joint sigmoids
        ranges.push_back({raw.tensor, first, 1, ChannelKind::kObjectness, anchor});
        continue;
      }
      const FormPart& part = form.parts()[p];
      if (part.part == HeadPart::kBox) {
        for (const ChannelRange& range : box_ranges(match.description->box, raw, anchor, first)) {
          ranges.push_back(range);
        }
      } else {
        ranges.push_back(
            {raw.tensor, first, part.raw, kind_of(part, match.description->background), anchor});
      }
    }
  }
  return ranges;
}

}  // namespace pare::engine
