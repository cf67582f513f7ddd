// What narrowing each channel group is expected to cost, and widths of all groups together that
// save so many MACs at the least expected damage.
//
// The closed-form costs of the Gram matrices (importance.h) say how much of each consumer's output
// is lost; a few images say how much the model's outputs mind (output_sensitivity.h).  The two
// together rank channels, compare groups, and are what `allocate` shares out.
//
// Damage: squared error of each channel of the body's outputs over its variance, summed by what the
// channels count (output_shares.h).
// Cost: consumers x images inferences of a network of twice the MACs, and a second ranking (yolov5n
// at 640 with 4 images: about 40 s on one core).
#pragma once

#include <vector>

#include "core/guidance.h"
#include "core/result.h"
#include "engine/graph/tensor_file.h"
#include "engine/pipeline/detector.h"
#include "engine/pipeline/prepare.h"
#include "engine/pipeline/progress.h"

namespace pare::engine {

struct GroupSensitivityOptions {
  int images = 4;                                                  // at most
  std::vector<double> savings = {0.05, 0.1, 0.15, 0.2, 0.3, 0.4};  // of the MACs; ascending
};

struct GroupGuidance {
  std::vector<GroupSensitivity> groups;
  std::vector<StageSensitivity> blocks;
  std::vector<KernelSensitivity> kernels;
  std::vector<Allocation> allocations;  // fewer where the groups cannot save as much
};

// `statistics` is what prepare() made; its orders of importance are replaced by those that follow
// from what was measured, and the damages are kept beside them.  Fails as the image source and the
// executor do.
Result<GroupGuidance> group_sensitivity(const Detector& detector, TensorFile& statistics,
                                        std::size_t images, const ImageSource& image,
                                        const GroupSensitivityOptions& options,
                                        const Progress& progress, Journal& journal = no_journal());

}  // namespace pare::engine
