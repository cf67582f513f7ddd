// The labels of a dataset: COCO JSON, checked against the images that are really there.
//
// Checked: ids are there and unique, every image named exists, every annotation names an image and
// a category of the file, every box is four finite numbers of no negative size, every validation
// image is listed.  What Pare does not use (segmentations, licences, ...) is not even kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace pare::wire {

struct LabelCounts {
  std::int64_t boxes = 0;
  std::vector<std::string> classes;  // names, by ascending category id
};

// `images`: the base names of the validation images.  Fails with kInvalidArgument, naming the
// place ("annotations[3].image_id") and the value.
Result<LabelCounts> check_labels(std::string_view json, const std::vector<std::string>& images);

}  // namespace pare::wire
