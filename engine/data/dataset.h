// A dataset as docs/tasks.md has it, unpacked: calibration/, validation/ and perhaps labels.json.
//
// The two splits share no image: accuracy is never measured on what a candidate was fitted to.
// Images are not decoded here; check_images() does that.
//
// Cost of reading: a directory listing, the labels, and a comparison of files of equal size.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/data/labels.h"
#include "engine/detect/coco_map.h"
#include "engine/detect/detection.h"

namespace pare::engine {

struct DatasetImage {
  std::int64_t id = 0;  // of labels.json; without labels 1, 2, ... by name
  std::string name;     // base name
  std::filesystem::path path;
  int height = 0;  // as labels.json says; 0 where it does not
  int width = 0;
};

struct Dataset {
  std::vector<DatasetImage> calibration;  // by name, both
  std::vector<DatasetImage> validation;
  bool labelled = false;
  std::vector<Category> categories;            // by ascending id
  std::vector<ImageGroundTruth> ground_truth;  // of validation[i]; empty without labels
  std::vector<std::string> notes;              // what of the labels is not used or odd
};

// Fails with kInvalidArgument, naming the file, field or value: a split without images, something
// in a split that is no file, an image in both splits, a fault of the labels (wire/coco_labels.h),
// a validation image that they do not list.  Labels of other images are not used, which is noted.
// Files whose name begins with a dot are passed over.
Result<Dataset> read_dataset(const std::filesystem::path& folder);

// The validation split and its labels alone; the rest of the folder may be missing.  Fails as
// read_dataset() does for these.
Result<Dataset> read_validation(const std::filesystem::path& folder);

// The calibration split alone, which preparing needs no more than: the rest of the folder may be
// missing.  Fails as read_dataset() does for this split.
Result<std::vector<DatasetImage>> read_calibration(const std::filesystem::path& folder);

// Decodes every image; returns what is odd about some of them, counted and named.  Fails as
// check_image(), or with kInvalidArgument if an image's size is not what its label says.
Result<std::vector<std::string>> check_images(const Dataset& dataset);

// What the classes of a model are called in a dataset.
struct ClassMap {
  std::vector<int> category_of;     // by the model's class: index of the category, or -1
  std::vector<std::int64_t> id_of;  // by the model's class: COCO's category_id, or -1
};

// As core/class_match.h has it.  Without labels the classes are their own categories, numbered from
// 1.  Fails with kInvalidArgument if no name matches, or if there are no names and the counts
// differ.
// REQUIRES: class_names is empty or has class_count entries.
Result<ClassMap> map_classes(const Dataset& dataset, const std::vector<std::string>& class_names,
                             int class_count);

// The detections with the dataset's category indices; those of classes that it lacks go, as in
// pycocotools.
std::vector<Detection> in_categories(const std::vector<Detection>& detections,
                                     const ClassMap& classes);

}  // namespace pare::engine
