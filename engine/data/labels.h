// COCO annotations as the engine scores against them.  wire/coco_labels.h reads the file, says what
// is wrong with it, and puts the categories in the order of their ids.
//
// Cost: one parse of the file.  Pure functions, any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "engine/detect/coco_map.h"
#include "wire/coco_labels.h"

namespace pare::engine {

struct Category {
  std::int64_t id = 0;
  std::string name;
};

struct LabelledImage {
  std::int64_t id = 0;
  std::string file_name;  // the base name
  int height = 0;         // 0: the file does not say
  int width = 0;
  // Category is the index into Labels::categories.  Boxes in the order of the file.
  std::vector<GroundTruthBox> boxes;
};

struct Labels {
  std::vector<Category> categories;  // by ascending id
  std::vector<LabelledImage> images;
};

Labels labels_of(const wire::CocoLabels& read);

// Both fail as wire::parse_coco_labels() and read_coco_labels() do.
Result<Labels> parse_labels(std::string_view json, const std::string& name);
Result<Labels> read_labels(const std::filesystem::path& path);

}  // namespace pare::engine
