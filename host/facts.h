// What the operating system says of this machine: the device probe and the evidence beside a
// measurement.  Linux's /proc and /sys; a fact that the machine does not tell is absent.
//
// Cheap (a few small files), any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace pare::host {

struct MachineFacts {
  std::string cpu_model;
  std::vector<std::string>
      cpu_flags;  // those that decide which kernels run: avx2, avx512_vnni, ...
  int cores = 0;  // logical, that we may run on
  std::int64_t memory_bytes = 0;
  std::string kernel;
  std::string architecture;  // x86_64, aarch64
  std::string device_id;     // the machine-id; empty if there is none
};
MachineFacts machine_facts();

// What tells processors apart that compute other int8 products: architecture, model and the flags
// that decide which kernels run.  Two machines of one kind compute alike.
std::string processor_kind(const MachineFacts& facts);

struct Core {
  int number = 0;
  int physical = 0;  // cores of one number share their arithmetic units
  friend bool operator==(const Core&, const Core&) = default;
};
// Those that this process may run on, ascending.
std::vector<Core> usable_cores();

// What changes from one minute to the next.
struct MachineState {
  std::optional<std::string> governor;         // of the first core given
  std::optional<double> frequency_mhz;         // of the first core given
  std::optional<double> temperature_celsius;   // the hottest zone
  std::optional<std::int64_t> throttle_count;  // sum over the cores given
  double load_average = 0;                     // over one minute
};
MachineState machine_state(const std::vector<int>& cores);

// `root` stands for / in tests.
MachineFacts machine_facts(const std::filesystem::path& root);
MachineState machine_state(const std::vector<int>& cores, const std::filesystem::path& root);
std::vector<Core> usable_cores(const std::filesystem::path& root);

// "0,2-3": {0, 2, 3}.  Fails with kInvalidArgument, naming what is wrong.
Result<std::vector<int>> parse_cores(std::string_view text);

}  // namespace pare::host
