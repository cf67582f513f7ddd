#include "engine/train/data/image_cache.h"

#include <utility>

#include "engine/train/data/resample.h"

namespace pare::engine {
Result<std::vector<Image>> load_images(std::span<const std::filesystem::path> files, int longest) {
  std::vector<Image> images;
  for (const std::filesystem::path& file : files) {
    auto image = read_image(file);
    if (!image) return image.error();
    images.push_back(at_most(std::move(image).value(), longest));
  }
  return images;
}

}  // namespace pare::engine
