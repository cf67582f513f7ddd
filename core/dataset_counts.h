// What is in a dataset: one record from the engine that looks into it to the store and the API. Its
// JSON is in wire/task_results.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pare {

struct DatasetCounts {
  int calibration_images = 0;
  int validation_images = 0;
  int boxes = 0;
  bool labelled = false;
  std::vector<std::string> classes;            // by ascending id
  std::vector<std::int64_t> class_boxes = {};  // of each, in validation images; empty: not known
  std::vector<std::string> notes = {};         // what is not used or odd, one sentence each
  friend bool operator==(const DatasetCounts&, const DatasetCounts&) = default;
};

}  // namespace pare
