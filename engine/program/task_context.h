// What every task needs of its document: files by role, a place for artifacts, a way to tell how
// far it is.  Internal to engine/program.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/stopwatch.h"
#include "engine/pipeline/benchmark.h"
#include "engine/pipeline/candidate_file.h"
#include "engine/pipeline/detector.h"
#include "engine/pipeline/prepare.h"
#include "engine/pipeline/progress.h"
#include "engine/pipeline/scoring.h"
#include "wire/task_json.h"

namespace pare::engine {

struct TaskContext {
  const wire::TaskDocument& document;
  const std::filesystem::path& scratch;
  Progress progress;
  Stopwatch& watch;
  std::function<void(const std::string& line)> say;  // a line of JSON for the worker

  // Fails with kInvalidArgument, naming the role, if the worker gave no file.
  Result<std::filesystem::path> file(const std::string& role) const;
  Result<std::vector<std::byte>> bytes(const std::string& role) const;
  Result<Dataset> dataset() const;
  Result<std::vector<DatasetImage>> calibration() const;  // of the dataset

  Result<Detector> detector(const ModelCard& card) const;  // of the model

  // How to start the harness of a runtime, with a scratch folder of its own.  Fails with kNotFound,
  // naming the runtime, if this worker does not serve it.
  Result<HarnessOptions> harness(const std::string& runtime, const std::string& folder) const;
  // Its harness, starting while the task goes on: the first thing that one does.
  Result<std::unique_ptr<Harness>> spawned(const std::string& runtime) const;

  // A candidate's file, opened.
  Result<CandidateFile> candidate(const std::string& role) const;

  // The dataset's first calibration images as inputs of this candidate, in its element type.
  Result<std::vector<Tensor>> calibration_inputs(const Dataset& dataset, const ModelCard& card,
                                                 const CandidateFile& candidate, int count) const;

  // Where a runtime keeps what it made of the task's candidate; empty: the worker has no place.
  std::filesystem::path kept(const std::string& runtime, int threads) const;

  // Where one task leaves its reading of the canary for the next; empty as well.
  std::filesystem::path canary_file(const std::string& runtime, int threads) const;

  // The harness that was spawned, or the executor in this process where that is null, handing out
  // what is scored.
  Result<std::unique_ptr<Runner>> runner(const CandidateFile& candidate,
                                         const std::vector<std::string>& scored,
                                         std::unique_ptr<Harness> harness,
                                         const std::string& runtime, int threads) const;

  // Writes an artifact and returns what the outcome says of it.
  Result<std::pair<std::string, wire::Artifact>> artifact(const std::string& role,
                                                          const std::string& file_name,
                                                          std::string_view content) const;
};

// A dataset's images as a network's input.  REQUIRES: both outlive the source.
ImageSource image_source(const std::vector<DatasetImage>& images, const ModelCard& card);

using TaskEnd = Result<wire::TaskSuccess>;

// One for each kind, by what it is asked.
TaskEnd run(const TaskContext& context, const wire::InspectModelParams& params);
TaskEnd run(const TaskContext& context, const wire::InspectDatasetParams& params);
TaskEnd run(const TaskContext& context, const wire::PrepareParams& params);
TaskEnd run(const TaskContext& context, const wire::BuildParams& params);
TaskEnd run(const TaskContext& context, const wire::EvaluateParams& params);
TaskEnd run(const TaskContext& context, const wire::BenchmarkParams& params);
TaskEnd run(const TaskContext& context, const wire::CompareParams& params);
TaskEnd run(const TaskContext& context, const wire::CheckParams& params);
TaskEnd run(const TaskContext& context, const wire::TrainParams& params);  // pare-train's

}  // namespace pare::engine
