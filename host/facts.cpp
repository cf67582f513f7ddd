#include "host/facts.h"

#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace pare::host {
namespace {

namespace fs = std::filesystem;

// What decides which integer and float kernels a runtime picks, on x86 and on Arm.
constexpr std::array<std::string_view, 17> kKernelFlags{
    "sse4_2",      "avx",         "avx2",     "fma",      "f16c",     "avx512f",
    "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_tile", "avx512_fp16",
    "asimd",       "asimdhp",     "asimddp",  "i8mm",     "sve"};

std::optional<std::string> first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

std::optional<double> number(const fs::path& path) {
  const auto line = first_line(path);
  if (!line) return std::nullopt;
  double value = 0;
  const auto [end, failure] = std::from_chars(line->data(), line->data() + line->size(), value);
  if (failure != std::errc()) return std::nullopt;
  return value;
}

// The value behind "key<spaces>: " in the first line that has it; files like /proc/cpuinfo.
std::string field(const fs::path& path, std::initializer_list<std::string_view> keys) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view key =
        std::string_view(line).substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    if (std::ranges::find(keys, key) == keys.end()) continue;
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

std::vector<std::string> kernel_flags(const fs::path& cpuinfo) {
  std::istringstream all(field(cpuinfo, {"flags", "Features"}));
  std::set<std::string, std::less<>> have;
  for (std::string flag; all >> flag;) have.insert(flag);
  std::vector<std::string> flags;
  for (const std::string_view flag : kKernelFlags) {
    if (have.contains(flag)) flags.emplace_back(flag);
  }
  return flags;
}

fs::path cpu_folder(const fs::path& root, int core) {
  return root / "sys/devices/system/cpu" / ("cpu" + std::to_string(core));
}

std::optional<double> hottest(const fs::path& zones) {
  std::optional<double> most;
  std::error_code failure;
  for (const auto& zone : fs::directory_iterator(zones, failure)) {
    const auto millidegrees = number(zone.path() / "temp");
    if (!millidegrees) continue;
    most = std::max(most.value_or(-273.0), *millidegrees / 1000);
  }
  return most;
}

std::optional<double> frequency(const fs::path& root, int core) {
  if (const auto khz = number(cpu_folder(root, core) / "cpufreq/scaling_cur_freq"))
    return *khz / 1000;
  // Virtual machines have no cpufreq; the first processor's figure is what there is.
  const std::string mhz = field(root / "proc/cpuinfo", {"cpu MHz"});
  double value = 0;
  const auto [end, error] = std::from_chars(mhz.data(), mhz.data() + mhz.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

MachineFacts machine_facts() {
  return machine_facts("/");
}

std::string processor_kind(const MachineFacts& facts) {
  std::string kind = facts.architecture + " " + facts.cpu_model;
  for (const std::string& flag : facts.cpu_flags) kind += " " + flag;
  return kind;
}

std::vector<Core> usable_cores() {
  return usable_cores("/");
}

std::vector<Core> usable_cores(const fs::path& root) {
  std::vector<Core> cores;
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int number = 0; number < CPU_SETSIZE; ++number) {
    if (!CPU_ISSET(number, &set)) continue;
    // "0-1", "0,4": the first of those that share.
    const auto line = first_line(cpu_folder(root, number) / "topology/thread_siblings_list");
    int physical = number;
    if (line) std::from_chars(line->data(), line->data() + line->size(), physical);
    cores.push_back({number, physical});
  }
  return cores;
}

MachineState machine_state(const std::vector<int>& cores) {
  return machine_state(cores, "/");
}

MachineFacts machine_facts(const fs::path& root) {
  MachineFacts facts;
  const fs::path cpuinfo = root / "proc/cpuinfo";
  facts.cpu_model = field(cpuinfo, {"model name", "Model", "Hardware"});
  facts.cpu_flags = kernel_flags(cpuinfo);
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) facts.cores = CPU_COUNT(&set);
  const std::string total = field(root / "proc/meminfo", {"MemTotal"});
  std::from_chars(total.data(), total.data() + total.size(), facts.memory_bytes);
  facts.memory_bytes *= 1024;
  utsname name{};
  if (::uname(&name) == 0) {
    facts.kernel = name.release;
    facts.architecture = name.machine;
  }
  facts.device_id = first_line(root / "etc/machine-id").value_or("");
  return facts;
}

MachineState machine_state(const std::vector<int>& cores, const fs::path& root) {
  const int first = cores.empty() ? 0 : cores.front();
  MachineState state;
  state.governor = first_line(cpu_folder(root, first) / "cpufreq/scaling_governor");
  state.frequency_mhz = frequency(root, first);
  state.temperature_celsius = hottest(root / "sys/class/thermal");
  for (const int core : cores.empty() ? std::vector<int>{0} : cores) {
    const auto count = number(cpu_folder(root, core) / "thermal_throttle/core_throttle_count");
    if (count)
      state.throttle_count = state.throttle_count.value_or(0) + static_cast<std::int64_t>(*count);
  }
  state.load_average = number(root / "proc/loadavg").value_or(0);
  return state;
}

Result<std::vector<int>> parse_cores(std::string_view text) {
  std::set<int> cores;
  std::istringstream parts{std::string(text)};
  for (std::string part; std::getline(parts, part, ',');) {
    const char* const end = part.data() + part.size();
    int first = -1;
    std::from_chars_result read = std::from_chars(part.data(), end, first);
    int last = first;
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-') {
      read = std::from_chars(read.ptr + 1, end, last);
    }
    if (read.ec != std::errc() || read.ptr != end || first < 0 || last < first ||
        last >= CPU_SETSIZE) {
      return Error{ErrorCode::kInvalidArgument, "\"" + part + "\" in \"" + std::string(text) +
                                                    "\" is not a core or a range of cores"};
    }
    for (int core = first; core <= last; ++core) cores.insert(core);
  }
  return std::vector<int>(cores.begin(), cores.end());
}

}  // namespace pare::host
