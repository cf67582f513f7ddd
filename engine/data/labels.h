// COCO annotations in: a total reader, so that a wrong file is an error that names file, field and
// value, and nothing is guessed.
//
// Cost: one parse of the file.  Pure functions, any thread.
// Source: https://cocodataset.org/#format-data, object detection.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "engine/detect/coco_map.h"

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
  std::vector<Category> categories;  // in the order of the file
  std::vector<LabelledImage> images;
};

// `name` stands at the beginning of every message.  Fails with kInvalidArgument on: no JSON, a
// missing or mistyped field, an id that comes twice, a name of an image or category that comes
// twice, an annotation of an unknown image or category, a box that is negative or not finite.
// `area` may be missing (width * height) and so may `iscrowd` (0), `height` and `width`.
Result<Labels> parse_labels(std::string_view json, const std::string& name);

// Fails as parse_labels(), with kNotFound if the file cannot be read.
Result<Labels> read_labels(const std::filesystem::path& path);

}  // namespace pare::engine
