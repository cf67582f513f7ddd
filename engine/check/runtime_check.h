// Does a harness keep to docs/runtimes.md?  What `pare runtime check` asks of anybody's program,
// and the tests of those that are shipped.
//
// Every check starts the harness anew, so that none depends on what another one left.  Networks are
// made here; what outputs should be, the executor says.  Nothing is decided by how long something
// takes, but for a harness that does not answer at all, and a larger network that is not slower.
//
// Cost: some 20 starts of the harness and as many small networks; half a minute where it is a
// Python one.  One thread at a time for each scratch folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace pare::engine {

class CheckedHarness;

enum class CheckEnd : std::uint8_t {
  kKept,        // it does what the check's name says
  kBroken,      // it does not
  kNotClaimed,  // its hello does not say that it can
};

struct CheckOutcome {
  CheckEnd end = CheckEnd::kKept;
  // Broken: what was expected and what was seen.  Not claimed: what.  Kept: what is worth knowing.
  std::string why;
  std::string request;  // broken: the last line it was sent, and what it wrote back; long ones cut
  std::string answer;
};

struct RuntimeCheck {
  std::string_view name;  // a sentence, with underscores
  void (*run)(CheckedHarness& harness);
};

// In the order in which a broken one is best read about.
std::span<const RuntimeCheck> all_runtime_checks();

struct CheckedCommand {
  std::vector<std::string> command;
  std::filesystem::path scratch;  // a folder that exists and that nobody else uses
  std::vector<int> cores = {};    // empty: any
  std::chrono::milliseconds call_limit{60'000};
};

// What a program says that it is.  Fails where it does not start, or does not say.
struct GreetedRuntime {
  std::string name;
  std::string version;
};
Result<GreetedRuntime> greet(const CheckedCommand& command);

CheckOutcome carry_out(const RuntimeCheck& check, const CheckedCommand& command);

}  // namespace pare::engine
