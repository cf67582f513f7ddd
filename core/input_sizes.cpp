#include "core/input_sizes.h"

#include <algorithm>
#include <cmath>

namespace pare {

std::vector<InputSize> sizes_between(const ModelCard& card, int stride, double low, double high,
                                     int step) {
  std::vector<InputSize> sizes;
  const int largest = static_cast<int>(high / stride) * stride;
  for (int height = largest; height > 0 && height >= low; height -= step * stride) {
    const double width = static_cast<double>(card.width) * height / card.height;
    sizes.push_back({height, std::max(1, static_cast<int>(std::lround(width / stride))) * stride});
  }
  return sizes;
}

}  // namespace pare
