// loop_trials DATABASE TRIALS STRATEGY: one job from its first trial to its last, with a fleet that
// answers at once.  A line a hundred trials: how long the job loop took for each that ended.
//
// What the fleet does to the database between the loop's steps is not counted.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "coordinator/jobs/job_loop.h"
#include "coordinator/store/pg_store.h"
#include "tests/coordinator/jobs/fake_fleet.h"
#include "wire/job_json.h"

namespace pare::coordinator {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

const std::string kModel(64, 'c');
const std::string kDataset(64, 'd');
constexpr int kWindow = 100;

template <typename T>
T value(Result<T> result) {
  if (result) return std::move(result).value();
  std::fprintf(stderr, "loop_trials: %s\n", result.error().message.c_str());
  std::exit(1);
}

NewTask inspection(wire::TaskParams params, const std::string& blob, const std::string& sha256) {
  wire::TaskDocument document;
  document.params = std::move(params);
  document.blobs[blob] = sha256;
  NewTask task;
  task.kind = document.kind();
  task.document_json = wire::task_to_json(document);
  return task;
}

JobId post(Store& store, int trials, const std::string& strategy) {
  value(store.add_target({"ov", "openvino", "default", 1, {Precision::kFp32, Precision::kInt8}}));
  NewTask model = inspection(wire::InspectModelParams{}, "model", kModel);
  model.subject.model_sha256 = kModel;
  value(store.add_model({"m", kModel, ""}, model));
  NewTask dataset = inspection(wire::InspectDatasetParams{}, "dataset", kDataset);
  dataset.subject.dataset_sha256 = kDataset;
  value(store.add_dataset({"d", kDataset}, dataset));
  NewJob job;
  job.model = "m";
  job.dataset = "d";
  job.targets = {"ov"};
  job.budget.trials = trials;
  job.strategy = strategy;
  const JobDraft draft{wire::job_to_json(job), kModel, kDataset, job.targets, job.seed};
  return value(store.add_job(draft, {})).value.id;
}

int run(const std::string& database, int trials, const std::string& strategy) {
  const auto store = value(open_pg_store({database, 4, {}}));
  FakeFleet fleet(*store, 3, 1);
  JobViews views(*store);
  JobLoop loop(*store, views);
  const JobId id = post(*store, trials, strategy);
  Milliseconds spent{0};
  int reported = 0;
  while (true) {
    while (fleet.step()) {
    }
    const auto begin = std::chrono::steady_clock::now();
    value(loop.step());
    spent += std::chrono::steady_clock::now() - begin;
    const Job job = value(store->job(id));
    const int ended = job.trials.finished + job.trials.failed;
    if (ended - reported >= kWindow || (is_final(job.state) && ended > reported)) {
      std::printf("%d %.3f\n", ended, spent.count() / (ended - reported));
      std::fflush(stdout);
      reported = ended;
      spent = Milliseconds(0);
    }
    if (is_final(job.state)) {
      std::fprintf(stderr, "%s\n", job.reason.c_str());
      return job.state == JobState::kSucceeded ? 0 : 1;
    }
  }
}

}  // namespace
}  // namespace pare::coordinator

int main(int argc, char** argv) {
  const int trials = argc == 4 ? std::atoi(argv[2]) : 0;
  if (trials < 1) {
    std::fprintf(stderr, "loop_trials DATABASE TRIALS STRATEGY\n");
    return 2;
  }
  return pare::coordinator::run(argv[1], trials, argv[3]);
}
