// How accurate one candidate is on a dataset: one record from the engine that scores to the store,
// the fronts and the API.  Its JSON is wire/accuracy_json.h, and PostgreSQL holds it as that.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/label_source.h"
#include "core/output_fingerprint.h"

namespace pare {

// The order of Accuracy::coco.
inline constexpr std::array<std::string_view, 12> kCocoFigures = {
    "map_50_95", "map_50", "map_75",  "map_small", "map_medium", "map_large",
    "mar_1",     "mar_10", "mar_100", "mar_small", "mar_medium", "mar_large"};

// The same on validation images that a search does not go by.
struct HeldBackAccuracy {
  double map_50_95 = 0;  // -1: none of them has a box
  int images = 0;
  std::vector<double> draws = {};
  friend bool operator==(const HeldBackAccuracy&, const HeldBackAccuracy&) = default;
};

struct Accuracy {
  double map_50_95 = 0;                     // with raw outputs: the agreement, in [0, 1]
  std::array<double, 12> coco{};            // -1 where a class of sizes has no boxes
  std::map<std::string, double> per_class;  // with raw outputs: agreement by output
  int images = 0;
  LabelSource labels = LabelSource::kGroundTruth;
  // Accuracy on halves of the images, pair after pair (core/half_samples.h), the same halves for
  // every candidate, so that two candidates' draws belong together; -1: nothing to score.  Empty:
  // none were made.
  std::vector<double> draws;
  // Scoring stopped after `images`: a rival is surely more accurate.  What the accuracy on all
  // images is expected to be.
  std::optional<double> expected;
  // What it was scored by: parts of core/accuracy_identity.h.  Empty: an engine from before.
  std::string runtime_version;
  std::string processor;
  std::string scoring;
  std::optional<HeldBackAccuracy> held_back;  // absent: none are held back, or scoring stopped
  OutputFingerprint fingerprint;              // empty: not asked for, or no output is floating

  // --- what the coordinator knows of it, which is in no task's result ---
  std::string runtime;                    // what scored it: "executor" or a runtime's name
  std::string detections_sha256;          // empty: none stored
  std::map<std::string, double> figures;  // others that the job asks about, by metric
  // Why it may not hold on the target: its outputs there are not those that were scored.
  std::string alarm;
  friend bool operator==(const Accuracy&, const Accuracy&) = default;
};

}  // namespace pare
