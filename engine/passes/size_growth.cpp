#include "engine/passes/size_growth.h"

#include <algorithm>

namespace pare::engine {

std::optional<std::int64_t> SizeChange::grown(std::int64_t length, Growth growth) const noexcept {
  const auto step = [](std::int64_t& value, std::int64_t old_size, std::int64_t size) {
    if (value * size % old_size != 0) return false;
    value = value * size / old_size;
    return true;
  };
  for (int i = 0; i < growth.height; ++i) {
    if (!step(length, old_height, height)) return std::nullopt;
  }
  for (int i = 0; i < growth.width; ++i) {
    if (!step(length, old_width, width)) return std::nullopt;
  }
  return length;
}

std::optional<Growths> reshaped(const Shape& from, const Growths& growths, const Shape& to,
                                const SizeChange& change) {
  Growths result(to.size());
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < from.size() || j < to.size()) {
    const std::size_t first_i = i;
    const std::size_t first_j = j;
    std::int64_t from_product = 1;
    std::int64_t to_product = 1;
    if (i < from.size()) from_product = from[i++];
    if (j < to.size()) to_product = to[j++];
    while (from_product != to_product) {
      if (from_product < to_product) {
        if (i == from.size()) return std::nullopt;
        from_product *= from[i++];
      } else {
        if (j == to.size()) return std::nullopt;
        to_product *= to[j++];
      }
    }
    Growth sum;
    for (std::size_t axis = first_i; axis < i; ++axis) {
      sum.height += growths[axis].height;
      sum.width += growths[axis].width;
    }
    if (sum.is_fixed()) continue;
    if (j - first_j == 1) {
      result[first_j] = sum;
    } else if (j - first_j == 2 && sum == Growth{1, 1} &&
               to[first_j] * change.old_width == to[first_j + 1] * change.old_height) {
      result[first_j] = {1, 0};
      result[first_j + 1] = {0, 1};
    } else {
      return std::nullopt;
    }
  }
  return result;
}

}  // namespace pare::engine
