// How sure an mAP, or a difference of two, is: the whole mAP on halves of the images.
//
// The images are split in two at random, again and again, each time both halves are scored; what
// follows from that is in core/half_samples.h.  Both models of a pair are scored on the same
// halves, so what is hard about an image cancels.  The same seed and as many images give the same
// halves on every machine.
// Cost: pairs * detections; 40 pairs of 128 images with 100 detections take about a tenth of a
// second.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/result.h"
#include "engine/detect/coco_map.h"

namespace pare::engine {

struct HalfSampling {
  int pairs = 40;
  std::uint64_t seed = 0;
};

// NaN nowhere: where there is no ground truth, `present` is false and the rest is 0; where the
// images are too few for an interval, `present` is false and there is a value.
struct Interval {
  double value = 0;  // on the images themselves
  double low = 0;
  double high = 0;
  bool present = false;
};

// mAP 0.50:0.95 on each half, pair after pair: the draws of two models belong together.  -1 where a
// half holds no ground truth; none of a single image.  Fails with kInvalidArgument if no image has
// ground truth or an option is out of its range.
Result<std::vector<double>> half_sample_draws(const CocoEvaluation& model,
                                              const HalfSampling& options);

// The same, moved together so that they stand above the mAP of all images by what a half is
// expected to be flattered more than these.  A class with a single box is flattered most, and the
// halves' own mean does not show it: half of them do not have it.  So the law a n^(-kBiasRate) of n
// boxes of a class is fitted to the AP of all classes on halves, quarters, ... of the images, where
// common classes are as rare as rare ones are on all of them.  As they are where no class has two
// boxes.
// Cost: as much again.
Result<std::vector<double>> levelled_half_sample_draws(const CocoEvaluation& model,
                                                       const HalfSampling& options);

struct PairedIntervals {
  // Of B minus A, in mAP 0.50:0.95.
  std::array<Interval, kAreaRanges> by_area = {};  // indexed by AreaRange
  std::vector<Interval> by_class = {};
  // Categories that A finds (AP of 0.01 or more) and of which B keeps less than a tenth.
  std::vector<int> lost_classes = {};
  int images = 0;
};

// Fails with kInvalidArgument if the two are not of the same images and categories, if no image
// has ground truth, or if an option is out of its range.  REQUIRES: 0 < alpha < 1.
Result<PairedIntervals> paired_intervals(const CocoEvaluation& a, const CocoEvaluation& b,
                                         double alpha, const HalfSampling& options);

// The mean of a figure that each image has by itself, on each half.  Fails with kInvalidArgument
// without images or if an option is out of its range.
Result<std::vector<double>> half_sample_means(std::span<const double> values,
                                              const HalfSampling& options);

}  // namespace pare::engine
