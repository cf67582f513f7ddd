#include "tests/worker/support/fake_engine.h"

#include <fstream>

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

}  // namespace pare::worker::test
