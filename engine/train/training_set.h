// Labelled images in memory, resized for one network: what a training run draws its batches from.
//
// Reads COCO labels and a folder of images, letterboxed to the top left as the zoo's detectors want
// them.  Memory: 3 * size * size bytes an image.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "core/model_summary.h"
#include "core/result.h"
#include "engine/train/detect/sim_ota.h"

namespace pare::engine {

struct TrainingSet {
  torch::Tensor images;  // uint8 (N, 3, size, size), BGR
  std::vector<std::vector<ObjectBox>> objects;
  std::vector<std::string> classes;
};

// Fails with kNotFound for a missing file, kInvalidArgument for one that is not what it should be.
Result<TrainingSet> load_training_set(const std::filesystem::path& images,
                                      const std::filesystem::path& labels, int size);

struct Batch {
  torch::Tensor images;  // float (B, 3, crop, crop)
  std::vector<std::vector<ObjectBox>> objects;
};

// What images may be turned into.
enum class Symmetry : bool {
  kMirrored,  // left and right change places
  kAnyWayUp,  // any of the eight symmetries of a square: seen from above, a board has no upside
};

// Images by number: each turned into one of its symmetries, its brightness changed a little, and a
// random square of `crop` pixels cut out.  Three in
// four squares hold an object; one of which less than half remains is no longer labelled.
// REQUIRES: crop is at most the images' size and a multiple of the largest stride.
Batch draw_batch(const TrainingSet& set, const std::vector<std::int64_t>& numbers, int crop,
                 Symmetry symmetry, std::mt19937_64& random);

}  // namespace pare::engine
