// What this machine is and which runtimes answer on it: found once, when the worker starts.
//
// Every harness is asked hello once; one that does not answer is left out, with the reason in
// `warnings`.  Takes as long as the harnesses take to start (a Python one: a second).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/worker.h"

namespace pare::worker {

using Commands =
    std::map<std::string, std::vector<std::string>>;  // a runtime's name to its harness

// runtimes.json (docs/runtimes.md).  Fails with kNotFound or kInvalidArgument.
Result<Commands> read_commands(const std::filesystem::path& file);

struct Runtimes {
  std::vector<RuntimeInfo> infos;
  Commands commands;  // of those in `infos`
  std::vector<std::string> warnings;
};
Runtimes probe_runtimes(const Commands& commands);

// What a worker with this pare-train can do beside what every worker can: core/task_kind.h.  Empty
// where it does not answer hello, with the reason in `warning`, or is not there.
std::vector<std::string> probe_capabilities(const std::filesystem::path& trainer,
                                            std::string& warning);

// The probe as JSON: {"cpu_model", "cpu_flags", "processor", "cores", "memory_bytes", "kernel",
// "architecture", "pinned_to", "governor"?, "frequency_mhz"?, "temperature_celsius"?}. With
// `engine`, what that pare-engine scores accuracies with, too: "engine": {"executor", "scoring"};
// one that does not say is left out, and its accuracies are never used twice.
std::string probe_device(const std::vector<int>& cores, const std::filesystem::path& engine = {});

}  // namespace pare::worker
