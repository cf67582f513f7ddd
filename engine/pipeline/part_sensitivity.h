// What leaving out each block and shrinking each kernel does to the detector's outputs, measured on
// a few images, and what it saves.
//
// Measured, not worked out, and in the unit of the groups: damages of widths are sums of small
// errors, each expected alone, and what is measured of all of them together is several times that.
// So a narrowed network whose damage is expected to be so much is measured, too, and sets the unit
// (docs/adr/0033).
// Cost: a compilation and an inference an image for each choice (yolox_nano: 29 choices, 4 images,
// about 20 s on one core).
#pragma once

#include <optional>
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

// A network that is expected to do so much damage, in the groups' unit.
struct UnitOfDamage {
  Graph graph;
  double expected = 0;
};

// Fails as skip_blocks(), shrink_kernels() and the executor do.
// REQUIRES: there is an image.
Result<PartGuidance> part_sensitivity(const Detector& detector, const ElasticParts& parts,
                                      const Statistics& statistics,
                                      std::span<const SampleImage> images,
                                      const std::optional<UnitOfDamage>& unit,
                                      const Progress& progress);

}  // namespace pare::engine
