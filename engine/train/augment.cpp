#include <algorithm>
#include <optional>
#include <utility>

#include "engine/train/training_set.h"

namespace pare::engine {
namespace {

constexpr float kLeastVisible = 0.5F;

double unit(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11U) * 0x1.0p-53;
}

// A corner such that `crop` pixels fit, and around `centre` where one is given.
std::int64_t corner(std::optional<float> centre, std::int64_t size, std::int64_t crop,
                    std::mt19937_64& random) {
  const std::int64_t last = size - crop;
  if (!centre) return static_cast<std::int64_t>(unit(random) * static_cast<double>(last + 1));
  const double shift = (0.1 + 0.8 * unit(random)) * static_cast<double>(crop);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(*centre - shift), 0, last);
}

// What remains of the object inside the square, in its coordinates.
std::optional<ObjectBox> inside(const ObjectBox& o, float left, float top, float crop) {
  const float x0 = std::max(0.0F, o.centre_x - o.width / 2 - left);
  const float y0 = std::max(0.0F, o.centre_y - o.height / 2 - top);
  const float x1 = std::min(crop, o.centre_x + o.width / 2 - left);
  const float y1 = std::min(crop, o.centre_y + o.height / 2 - top);
  if (x1 <= x0 || y1 <= y0 || (x1 - x0) * (y1 - y0) < kLeastVisible * o.width * o.height) {
    return std::nullopt;
  }
  return ObjectBox{(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, o.category};
}

ObjectBox mirror(ObjectBox box, float size, bool left_right, bool up_down, bool swap) {
  if (left_right) box.centre_x = size - box.centre_x;
  if (up_down) box.centre_y = size - box.centre_y;
  if (swap) {
    std::swap(box.centre_x, box.centre_y);
    std::swap(box.width, box.height);
  }
  return box;
}

}  // namespace

Batch draw_batch(const TrainingSet& set, const std::vector<std::int64_t>& numbers, int crop,
                 Symmetry symmetry, std::mt19937_64& random) {
  Batch batch;
  std::vector<torch::Tensor> images;
  const std::int64_t size = set.images.size(2);
  const auto side = static_cast<float>(crop);
  for (const std::int64_t number : numbers) {
    const std::vector<ObjectBox>& all = set.objects[static_cast<std::size_t>(number)];
    std::optional<float> at_x, at_y;
    if (!all.empty() && unit(random) < 0.75) {
      const ObjectBox& object = all[random() % all.size()];
      at_x = object.centre_x;
      at_y = object.centre_y;
    }
    const std::int64_t left = corner(at_x, size, crop, random);
    const std::int64_t top = corner(at_y, size, crop, random);
    const bool turned = symmetry == Symmetry::kAnyWayUp;
    const bool left_right = (random() & 1U) != 0, up_down = (random() & 1U) != 0 && turned;
    const bool swap = (random() & 1U) != 0 && turned;
    torch::Tensor image = set.images[number].slice(1, top, top + crop).slice(2, left, left + crop);
    if (left_right) image = image.flip(2);
    if (up_down) image = image.flip(1);
    if (swap) image = image.transpose(1, 2);
    const double gain = 0.85 + 0.3 * unit(random);
    images.push_back((image.to(torch::kFloat32) * gain).clamp(0, 255));
    std::vector<ObjectBox> objects;
    for (const ObjectBox& object : all) {
      const auto seen = inside(object, static_cast<float>(left), static_cast<float>(top), side);
      if (seen) objects.push_back(mirror(*seen, side, left_right, up_down, swap));
    }
    batch.objects.push_back(std::move(objects));
  }
  batch.images = torch::stack(images);
  return batch;
}

}  // namespace pare::engine
