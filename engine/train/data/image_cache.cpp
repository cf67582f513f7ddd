#include "engine/train/data/image_cache.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "engine/train/data/resample.h"

namespace pare::engine {
namespace {

bool is_image(const std::filesystem::path& path) {
  static const std::set<std::string> kEndings = {".jpg", ".jpeg", ".png", ".bmp", ".webp"};
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return kEndings.contains(ending);
}

}  // namespace

Result<std::vector<std::filesystem::path>> list_images(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && is_image(entry.path())) files.push_back(entry.path());
  }
  if (error) return Error{ErrorCode::kNotFound, folder.string() + ": " + error.message()};
  if (files.empty()) {
    return Error{ErrorCode::kInvalidArgument, folder.string() + " holds no image"};
  }
  std::ranges::sort(files);
  return files;
}

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
