// One folder of images as the two sets that a search needs and that share no image: some to
// calibrate on, the others to score on.
//
// Which are which follows from their names alone: the same folder is split alike every time, and
// one more image moves few others.  Any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"

namespace pare::cli {

struct ImageSplit {
  std::vector<std::filesystem::path> calibration;  // at most kMostCalibration
  std::vector<std::filesystem::path> validation;
  std::size_t left_out = 0;  // beyond `most_validation`
};

inline constexpr std::size_t kMostCalibration = 128;

// `labelled`: base names of the images that labels speak of; nullopt: there are no labels.  Images
// without labels are calibrated on; where those are fewer than a third of all (and than
// kMostCalibration), labelled ones make up for it.  Fails with kInvalidArgument where nothing would
// be left for one of the two.
Result<ImageSplit> split_images(const std::vector<std::filesystem::path>& images,
                                const std::optional<std::set<std::string>>& labelled,
                                std::size_t most_validation);

// The split as two folders of links, `folder`/calibration and `folder`/validation.
Result<std::monostate> link_split(const ImageSplit& split, const std::filesystem::path& folder);

}  // namespace pare::cli
