#include "tests/worker/support/fake_engine.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "wire/dataset_archive.h"
#include "wire/task_json.h"

namespace pare::worker::test {

namespace fs = std::filesystem;

fs::path write_engine(const fs::path& folder, const std::string& script) {
  fs::create_directories(folder);
  const fs::path good = folder / "good.json", engine = folder / "engine.sh";
  wire::BuildResult result;
  result.macs = 1000;
  result.parameters = 10;
  result.bytes = 13;
  std::ofstream(good) << wire::outcome_to_json(
      {.end = wire::TaskSuccess{.result = result,
                                .artifacts = {{"candidate", wire::LocalFile{"candidate.onnx"}}}},
       .seconds = 0.5});
  std::ofstream(engine) << "#!/bin/sh\nTASK=$3; OUTCOME=$5; SCRATCH=$7; GOOD=" << good.string()
                        << "\n"
                        << script << "\n";
  fs::permissions(engine, fs::perms::owner_all);
  return engine;
}

std::string build_task(BlobServer& server) {
  wire::BuildParams params;
  params.card.height = params.plan.height = 64;
  params.card.width = params.plan.width = 64;
  params.card.head = "yolox";
  return wire::task_to_json(
      {.params = params,
       .blobs = {{"model", server.put("the model")}, {"statistics", server.put("the statistics")}},
       .files = {},
       .runtimes = {},
       .cores = {}});
}

namespace {

std::string dataset_archive() {
  const fs::path folder =
      fs::temp_directory_path() / ("pare-dataset-" + std::to_string(::getpid()));
  for (const char* part : {"cal", "val"}) {
    fs::create_directories(folder / part);
    std::ofstream(folder / part / (std::string(part) + ".png")) << "not looked at here";
  }
  const auto written = wire::write_dataset_archive(
      {.calibration = folder / "cal", .validation = folder / "val", .labels = {}}, folder / "tar");
  if (!written) throw std::runtime_error(written.error().message);
  std::ifstream file(folder / "tar", std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  fs::remove_all(folder);
  return bytes;
}

}  // namespace

std::string prepare_task(BlobServer& server) {
  wire::PrepareParams params;
  params.card.height = params.card.width = 64;
  params.card.head = "yolox";
  params.resolutions = {{64, 64}};
  params.precisions = {Precision::kFp32};
  wire::TaskDocument task;
  task.params = std::move(params);
  task.blobs = {{"model", server.put("the model")}, {"dataset", server.put(dataset_archive())}};
  return wire::task_to_json(task);
}

}  // namespace pare::worker::test
