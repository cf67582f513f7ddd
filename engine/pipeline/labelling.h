// What a detector finds in a folder of images, as labels that another can learn from: a big teacher
// for a small student, whatever their architectures (pseudo-labels).
//
// Cost: one inference an image on the executor, and two decodings of it.
#pragma once

#include <filesystem>

#include "core/model_summary.h"
#include "core/result.h"
#include "engine/data/dataset.h"

namespace pare::engine {

// Every image of the folder, as a validation image with its size, and the detections whose score is
// above `sure` as its boxes; categories are the detector's classes.  `card`: where the file says
// too little.  Fails as open_detector(), images_in(), read_image() and score() do, and with
// kUnsupported where the head is not known.
Result<Dataset> label_images(const std::filesystem::path& model, const PartialCard& card,
                             const std::filesystem::path& folder, double sure);

}  // namespace pare::engine
