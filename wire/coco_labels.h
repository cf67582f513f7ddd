// COCO annotations in: the one reader of labels.json, for whoever packs a dataset and whoever reads
// one.  Total: a wrong file is an error that names file, field and value, and nothing is guessed.
//
// Objects are taken as they are parsed and forgotten, so that memory is that of what is kept, not
// of the file; what Pare does not use (segmentations, licences, ...) is never kept.  Nesting is
// bounded. Pure functions, any thread. Source: https://cocodataset.org/#format-data, object
// detection.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace pare::wire {

struct CocoCategory {
  std::int64_t id = 0;
  std::string name;
  std::string supercategory;  // empty: the file does not say
};

struct CocoBox {
  double x = 0, y = 0, width = 0, height = 0;
  double area = 0;
  bool crowd = false;
  int category = 0;            // index into CocoLabels::categories
  std::size_t annotation = 0;  // its place in the file
};

struct CocoImage {
  std::int64_t id = 0;
  std::string file_name;  // the base name
  int height = 0;         // 0: the file does not say
  int width = 0;
  std::vector<CocoBox> boxes;  // in the order of the file
};

struct CocoLabels {
  std::string name;                      // what messages call the file
  std::vector<CocoCategory> categories;  // by ascending id, as the classes of a model are numbered
  std::vector<CocoImage> images;         // in the order of the file
  std::vector<std::string> notes;        // what was left out, one sentence each
};

// Nothing in a COCO file that we read is nested deeper than 4.
inline constexpr int kMostNesting = 64;

// `name` stands at the beginning of every message.  Fails with kInvalidArgument on: no JSON,
// nesting beyond kMostNesting, a missing or mistyped field, an id of an image or a category that
// comes twice, or their names, an annotation of an unknown image or category, a box that is
// negative or not finite.  `area` may be missing (width * height) and so may `iscrowd` (0),
// `height` and `width`.  A category without a box that is only the supercategory of all others
// (what Roboflow puts first) is left out, with a note.
Result<CocoLabels> parse_coco_labels(std::string_view json, const std::string& name);

// Fails as parse_coco_labels(), with kNotFound if the file cannot be read.
Result<CocoLabels> read_coco_labels(const std::filesystem::path& path);

// What labels say of the images that are there.
struct LabelFacts {
  std::int64_t boxes = 0;                 // in validation images
  std::vector<std::string> classes;       // names of the categories, by ascending id
  std::vector<std::int64_t> class_boxes;  // of each, in validation images
  std::vector<std::string> notes;         // what is not used or odd, counted and named
};

// `calibration`, `validation`: base names of the images.  Fails with kInvalidArgument if a
// validation image is not listed.
Result<LabelFacts> label_facts(const CocoLabels& labels,
                               const std::vector<std::string>& calibration,
                               const std::vector<std::string>& validation);

}  // namespace pare::wire
