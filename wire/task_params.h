// What each kind of task is asked (docs/tasks.md): one struct a kind, with the roles of the blobs
// that always come with it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/guidance.h"
#include "core/job.h"
#include "core/model_summary.h"
#include "core/plan.h"

namespace pare::wire {

// An input size, or the size of anything that is as high as it is wide or not.
struct Size {
  int height = 0;
  int width = 0;
  friend auto operator<=>(const Size&, const Size&) = default;
};

struct InspectModelParams {
  static constexpr std::array<std::string_view, 1> kBlobs{"model"};
  std::optional<PartialCard> card;
  bool trial = false;  // preprocessings are tried on the labelled images of a dataset
  friend bool operator==(const InspectModelParams&, const InspectModelParams&) = default;
};

struct InspectDatasetParams {
  static constexpr std::array<std::string_view, 1> kBlobs{"dataset"};
  friend bool operator==(const InspectDatasetParams&, const InspectDatasetParams&) = default;
};

struct PrepareParams {
  static constexpr std::array<std::string_view, 2> kBlobs{"model", "dataset"};
  ModelCard card;
  std::vector<Size> resolutions;
  std::vector<Precision> precisions;
  std::uint64_t seed = 0;
  bool rank_int8_layers = true;  // false: for a plan that names its layers
  friend bool operator==(const PrepareParams&, const PrepareParams&) = default;
};

struct BuildParams {
  static constexpr std::array<std::string_view, 2> kBlobs{"model", "statistics"};
  ModelCard card;
  Plan plan;
  friend bool operator==(const BuildParams&, const BuildParams&) = default;
};

inline constexpr const char* kExecutor = "executor";  // the runtime inside the engine

struct EvaluateParams {
  static constexpr std::array<std::string_view, 2> kBlobs{"candidate", "dataset"};
  ModelCard card;
  std::string runtime = kExecutor;
  int threads = 1;
  std::optional<std::vector<std::int64_t>> images;  // ids; nullopt: all
  // The original's input size, where the original (blob "model") is what is scored against;
  // nullopt: the dataset's labels are.
  std::optional<Size> teacher = std::nullopt;
  // How many rivals' detections come with it (blobs "rival_0" and on): of faster candidates, so
  // that scoring may stop once one of them is surely more accurate, too.
  int rivals = 0;
  // Share of the validation images whose accuracy is told apart
  // (engine/pipeline/validation_split.h).
  double held_back = 0;
  // Calibration images whose outputs are told in few numbers (core/output_fingerprint.h); 0: none.
  int fingerprint_images = 0;
  friend bool operator==(const EvaluateParams&, const EvaluateParams&) = default;
};

// The candidate's outputs on the target's runtime against the executor's.
struct ParityCheck {
  int images = 8;
  double tolerance = 0;  // share of each output's range
  friend bool operator==(const ParityCheck&, const ParityCheck&) = default;
};

struct BenchmarkParams {
  static constexpr std::array<std::string_view, 2> kBlobs{"candidate", "dataset"};
  ModelCard card;
  std::string runtime;
  int threads = 1;
  std::optional<ParityCheck> parity;
  int min_samples = 0;
  double max_seconds = 0;
  bool profile = false;        // what each layer takes, too, where the runtime can tell
  int fingerprint_images = 0;  // as for EvaluateParams
  friend bool operator==(const BenchmarkParams&, const BenchmarkParams&) = default;
};

struct CompareParams {
  static constexpr std::array<std::string_view, 5> kBlobs{
      "candidate_a", "candidate_b", "detections_a", "detections_b", "dataset"};
  ModelCard card;
  std::string runtime;
  int threads = 1;
  double alpha = 0.05;
  double latency_margin = 0.03;
  double map_margin = 0.005;
  int min_blocks = 5;
  int max_blocks = 60;
  std::uint64_t seed = 0;
  bool teacher = false;  // scored against the original (blob "model"), not against labels
  double held_back = 0;  // above 0: accuracies are compared on these images, which chose neither
  friend bool operator==(const CompareParams&, const CompareParams&) = default;
};

struct CheckParams {
  static constexpr std::array<std::string_view, 0> kBlobs{};  // it makes its own networks
  std::string runtime;
  int threads = 1;
  bool int8 = true;  // candidates may be int8 there
  double max_seconds = 0;
  friend bool operator==(const CheckParams&, const CheckParams&) = default;
};

struct TrainParams {
  static constexpr std::array<std::string_view, 3> kBlobs{"model", "statistics", "dataset"};
  ModelCard card;
  double minutes = 60;
  std::optional<std::int64_t> steps = std::nullopt;  // in the place of minutes
  std::uint64_t seed = 0;
  // That is trained alone; where its weights are a super-network's (blob "supernet"), from there
  // on.  nullopt: a super-network is trained.
  std::optional<Plan> plan = std::nullopt;
  // The super-network (blob "supernet") is trained for int8, and all else of it stays as it is.
  bool int8 = false;
  // What else than widths the plans of the pool may choose; nothing beside a plan.
  PartChoices parts = {};
  friend bool operator==(const TrainParams&, const TrainParams&) = default;
};

// In the order of TaskKind, so that the index is the kind.
using TaskParams =
    std::variant<InspectModelParams, InspectDatasetParams, PrepareParams, BuildParams,
                 EvaluateParams, BenchmarkParams, CompareParams, CheckParams, TrainParams>;

}  // namespace pare::wire
