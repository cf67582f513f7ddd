#include "engine/heads/described_channels.h"

#include <algorithm>

namespace pare::engine {

bool LevelChannels::is_of(const PlaceOfPart& place, const RawNumber& raw,
                          const BehindNumber& number) {
  First& known = known_[place.part];
  if (known.first < 0) {
    known = {raw.tensor, raw.channel - place.column, -1, number.weight, number.scale};
  } else if (place.anchor == 1 && known.second < 0) {
    known.second = raw.channel - place.column;
  }
  const std::int64_t pitch = place.anchor == 0 ? 0 : known.second - known.first;
  // Of centre and size that are decoded, each number has a scale of its own.
  const bool scaled_alike =
      (box_.from == BoxFrom::kCentreSize && box_.held != BoxHeld::kRaw) ||
      (is_close(number.weight, known.weight) && is_close(number.scale, known.scale));
  return raw.tensor == known.tensor &&
         raw.channel == known.first + place.anchor * pitch + place.column &&
         raw.y * level_.nx + raw.x == place.cell && scaled_alike;
}

bool LevelChannels::fill(HeadLevel& level, TailReader& reader) const {
  for (const First& part : known_) {
    RawPart& made = level.parts.emplace_back();
    if (part.first < 0) continue;
    const auto known = std::ranges::find(level.tensors, part.tensor);
    made.tensor = static_cast<std::size_t>(known - level.tensors.begin());
    if (known == level.tensors.end()) level.tensors.push_back(part.tensor);
    const Shape& shape = reader.shape_of(part.tensor);
    made.first = static_cast<int>(part.first);
    made.pitch = static_cast<int>(shape[1] / level_.anchors);
    made.weight = part.weight;
    made.scale = part.scale;
    const bool apart = level_.anchors == 1 || part.second - part.first == made.pitch;
    if (!apart || shape[1] % level_.anchors != 0 || part.first >= made.pitch) {
      reader.fail("\"" + part.tensor + "\" " + text_of(shape) +
                  " does not hold the channels of one box after those of another");
      return false;
    }
    if (!reader.is_map(part.tensor, shape[1])) return false;
  }
  return true;
}

}  // namespace pare::engine
