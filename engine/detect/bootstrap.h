// How sure an mAP, or a difference of two, is: bootstrap over images, the whole mAP recomputed.
//
// Images are drawn with replacement; an image drawn twice counts its boxes and detections twice.
// Both models of a pair are scored on the same draws, so what is hard about an image cancels.
// Intervals are percentile intervals.  The same seed gives the same answer on every machine.
// Cost: resamples * detections; 1000 resamples of 128 images with 100 detections take seconds.
//
// Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/result.h"
#include "engine/detect/coco_map.h"

namespace pare::engine {

struct BootstrapOptions {
  int resamples = 1000;
  double alpha = 0.05;  // the interval covers 1 - alpha
  std::uint64_t seed = 0;
};

// NaN nowhere: where there is no ground truth, `present` is false and the rest is 0.
struct Interval {
  double value = 0;  // on the images themselves
  double low = 0;
  double high = 0;
  bool present = false;
};

// mAP 0.50:0.95 of one model on each resample, in their order: the same seed and as many images,
// and the draws of two models belong together in pairs.  -1 where a resample holds no ground truth.
// Fails as bootstrap_map().
Result<std::vector<double>> bootstrap_draws(const CocoEvaluation& model,
                                            const BootstrapOptions& options);

// mAP 0.50:0.95 of one model.  Fails with kInvalidArgument if no image has ground truth or an
// option is out of its range.
Result<Interval> bootstrap_map(const CocoEvaluation& model, const BootstrapOptions& options);

struct PairedBootstrap {
  // Of B minus A, in mAP 0.50:0.95.
  std::array<Interval, kAreaRanges> by_area = {};  // indexed by AreaRange
  std::vector<Interval> by_class = {};
  // Categories that A finds (AP of 0.01 or more) and of which B keeps less than a tenth.
  std::vector<int> lost_classes = {};
  int images = 0;
};

// Fails with kInvalidArgument if the two are not of the same images and categories, if no image
// has ground truth, or if an option is out of its range.
Result<PairedBootstrap> paired_bootstrap(const CocoEvaluation& a, const CocoEvaluation& b,
                                         const BootstrapOptions& options);

// The mean of a figure that each image has by itself, on each resample.  Fails with
// kInvalidArgument without images or if an option is out of its range.
Result<std::vector<double>> bootstrap_mean_draws(std::span<const double> values,
                                                 const BootstrapOptions& options);

// The mean of a figure that each image has by itself, of B minus A in pairs.  Fails with
// kInvalidArgument without images or if an option is out of its range.
Result<Interval> bootstrap_mean(std::span<const double> differences,
                                const BootstrapOptions& options);

}  // namespace pare::engine
