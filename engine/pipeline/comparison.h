// A/B of two candidates on one device (DESIGN 9).
//
// Latency: randomised ABBA/BAAB blocks, one observation a block, d = log median(B) - log median(A),
// each candidate in a process of its own, both alive throughout; blocks until the always-valid
// interval decides or the budget ends.  Neighbouring blocks may depend on each other: the sequence
// (core/statistics.h) holds for that.  Accuracy: the stored detections of each image, the whole
// mAP of both on the same halves of the images (engine/detect/half_samples.h).  "Better" means
// faster and not worse.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/label_source.h"
#include "core/result.h"
#include "core/statistics.h"
#include "engine/detect/coco_map.h"
#include "engine/harness/harness.h"
#include "engine/pipeline/agreement.h"
#include "engine/pipeline/progress.h"

namespace pare::engine {

struct ComparisonOptions {
  HarnessOptions harness_a;  // scratch folders of their own
  HarnessOptions harness_b;
  int threads = 1;
  double alpha = 0.05;
  double latency_margin = 0.03;
  int min_blocks = 5;
  int max_blocks = 60;
  double seconds_per_cell = 0.4;  // one of the four cells of a block
  std::uint64_t seed = 1;
};

struct LatencyAb {
  double ratio = 1;  // latency of B over that of A, the most likely one
  double low = 0;
  double high = 0;  // infinite while nothing is known
  int blocks = 0;   // all of them are in the ratio, and all in the interval
  LatencyVerdict verdict = LatencyVerdict::kInconclusive;
};

// Takes blocks until the interval decides or options.max_blocks are there.  Looking after every
// block costs nothing: the interval holds at all of them at once.  Fails as `next_block` does,
// which gives log(latency B / latency A).
Result<LatencyAb> compare_blocks(const std::function<Result<double>()>& next_block,
                                 const ComparisonOptions& options, const Progress& progress);

// Images: one input for each candidate, which may differ in resolution.  Fails as the harness does.
Result<LatencyAb> compare_latency(const std::filesystem::path& a, const Tensor& image_a,
                                  const std::filesystem::path& b, const Tensor& image_b,
                                  const ComparisonOptions& options, const Progress& progress);

struct AccuracyAb {
  LabelSource labels = LabelSource::kGroundTruth;
  double delta = 0;  // accuracy of B minus that of A
  double low = 0;
  double high = 0;
  int images = 0;
  AccuracyVerdict verdict = AccuracyVerdict::kInconclusive;
  std::vector<int> lost_classes = {};  // categories that A finds and B does not
};

Result<AccuracyAb> compare_accuracy(const CocoEvaluation& a, const CocoEvaluation& b, double margin,
                                    double alpha, std::uint64_t seed);

// The same for agreements with the original's raw outputs.  Fails with kInvalidArgument if they are
// not of the same images in the same order.
Result<AccuracyAb> compare_agreement(std::span<const ImageAgreement> a,
                                     std::span<const ImageAgreement> b, double margin, double alpha,
                                     std::uint64_t seed);

// What a person wants to read: "B is 1.62 times faster than A (95 % interval 1.58 to 1.66) ...".
std::string sentence_of(const LatencyAb& latency, const AccuracyAb& accuracy, double alpha,
                        const std::vector<std::string>& lost_class_names);

}  // namespace pare::engine
