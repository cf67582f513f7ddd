// What leaving out each block and shrinking each kernel does to the detector's outputs, measured on
// a few images, and what it saves.
//
// In the unit of group_sensitivity.h: the outputs' error as a share of their variance.  Measured,
// not worked out: the error that is left where a block's output is read says little of what the
// outputs mind (docs/adr/0033).
// Cost: a compilation and an inference an image for each choice (yolox_nano: 29 choices, 4 images,
// about 20 s on one core).
#pragma once

#include <span>
#include <vector>

#include "core/guidance.h"
#include "core/result.h"
#include "engine/pipeline/elastic_parts.h"
#include "engine/pipeline/progress.h"
#include "engine/pipeline/sample_images.h"

namespace pare::engine {

struct PartGuidance {
  std::vector<StageSensitivity> blocks;    // in the order of the parts' stages
  std::vector<KernelSensitivity> kernels;  // the same
};

// Fails as skip_blocks(), shrink_kernels() and the executor do.
// REQUIRES: there is an image.
Result<PartGuidance> part_sensitivity(const Detector& detector, const ElasticParts& parts,
                                      const Statistics& statistics,
                                      std::span<const SampleImage> images,
                                      const Progress& progress);

}  // namespace pare::engine
