#include "engine/data/labels.h"

#include <utility>

namespace pare::engine {

Labels labels_of(const wire::CocoLabels& read) {
  Labels labels;
  for (const wire::CocoCategory& category : read.categories) {
    labels.categories.push_back({category.id, category.name});
  }
  for (const wire::CocoImage& image : read.images) {
    LabelledImage& made = labels.images.emplace_back(
        LabelledImage{image.id, image.file_name, image.height, image.width, {}});
    for (const wire::CocoBox& box : image.boxes) {
      made.boxes.push_back({.box = {box.x, box.y, box.width, box.height},
                            .area = box.area,
                            .crowd = box.crowd,
                            .category = box.category});
    }
  }
  return labels;
}

Result<Labels> parse_labels(std::string_view json, const std::string& name) {
  const auto read = wire::parse_coco_labels(json, name);
  if (!read) return read.error();
  return labels_of(read.value());
}

Result<Labels> read_labels(const std::filesystem::path& path) {
  const auto read = wire::read_coco_labels(path);
  if (!read) return read.error();
  return labels_of(read.value());
}

}  // namespace pare::engine
