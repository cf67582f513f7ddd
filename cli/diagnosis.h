// What is wrong with an installation, looked for in its parts: one function a part, each of which
// says what it found there and what to do about it.
//
// Reads, starts programs that end by themselves, and asks the service; changes nothing.  Blocks for
// as long as that takes, a few seconds a runtime.  One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/service.h"
#include "host/facts.h"

namespace pare::cli {

enum class Condition : std::uint8_t {
  kGood,
  kOdd,     // it works, and not as well as it could; or not needed by everybody
  kBroken,  // it does not work
};

struct Finding {
  Condition condition = Condition::kGood;
  std::string part;  // "programs", "runtimes", ...
  std::string says;
  std::string help;  // what to do; empty where nothing needs to be done
};

// The programs in the folder: there, able to start, and of this version.
std::vector<Finding> diagnose_programs(const std::filesystem::path& folder);

// PostgreSQL as `pare up` needs it.
std::vector<Finding> diagnose_database();

// The folder that `pare up` keeps its data in, or would.
std::vector<Finding> diagnose_data(const std::filesystem::path& folder);

// Each harness that the worker's runtimes.json names: does it answer?  `engine`: pare-engine.
std::vector<Finding> diagnose_runtimes(const std::filesystem::path& runtimes,
                                       const std::string& engine);

// What makes measurements noisy.
std::vector<Finding> diagnose_machine(const host::MachineFacts& facts,
                                      const host::MachineState& state);

// The service at the address: does it answer, work, and have somebody to work for it?
std::vector<Finding> diagnose_service(const std::string& url);

}  // namespace pare::cli
