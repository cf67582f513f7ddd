#include "host/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace pare::host {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Facts : public testing::Test {
 protected:
  Facts() : root_(fs::temp_directory_path() / ("pare-facts-" + std::to_string(::getpid()))) {}
  ~Facts() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }

  fs::path root_;
};

TEST_F(Facts, a_board_with_arm_cores_is_read) {
  write("proc/cpuinfo",
        "processor\t: 0\nFeatures\t: fp asimd asimddp crc32\n\nModel\t\t: Raspberry Pi 5\n");
  write("proc/meminfo", "MemTotal:        8245676 kB\nMemFree: 1 kB\n");
  write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  const MachineFacts facts = machine_facts(root_);
  EXPECT_EQ(facts.cpu_model, "Raspberry Pi 5");
  EXPECT_THAT(facts.cpu_flags, ElementsAre("asimd", "asimddp"));
  EXPECT_EQ(facts.memory_bytes, std::int64_t{8245676} * 1024);
  EXPECT_EQ(facts.device_id, "0123456789abcdef0123456789abcdef");
}

TEST_F(Facts, state_is_that_of_the_cores_asked_for_and_the_hottest_zone) {
  write("sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "performance\n");
  write("sys/devices/system/cpu/cpu2/cpufreq/scaling_cur_freq", "2400000\n");
  write("sys/devices/system/cpu/cpu2/thermal_throttle/core_throttle_count", "3\n");
  write("sys/devices/system/cpu/cpu3/thermal_throttle/core_throttle_count", "4\n");
  write("sys/class/thermal/thermal_zone0/temp", "41000\n");
  write("sys/class/thermal/thermal_zone1/temp", "55500\n");
  write("proc/loadavg", "0.52 0.58 0.59 1/467 12345\n");
  const MachineState state = machine_state({2, 3}, root_);
  EXPECT_EQ(state.governor, "performance");
  EXPECT_EQ(state.frequency_mhz, 2400.0);
  EXPECT_EQ(state.temperature_celsius, 55.5);
  EXPECT_EQ(state.throttle_count, 7);
  EXPECT_EQ(state.load_average, 0.52);
}

TEST_F(Facts, cores_that_share_a_physical_one_say_so) {
  const std::vector<Core> usable = usable_cores();
  ASSERT_FALSE(usable.empty());
  const int number = usable.back().number;
  write("sys/devices/system/cpu/cpu" + std::to_string(number) + "/topology/thread_siblings_list",
        "700-701\n");
  const std::vector<Core> cores = usable_cores(root_);
  ASSERT_EQ(cores.size(), usable.size());
  EXPECT_EQ(cores.back(), (Core{number, 700}));
  for (std::size_t i = 0; i + 1 < cores.size(); ++i) EXPECT_EQ(cores[i].physical, cores[i].number);
}

TEST_F(Facts, a_machine_that_tells_nothing_gives_nothing) {
  const MachineState state = machine_state({}, root_);
  EXPECT_FALSE(state.governor || state.frequency_mhz || state.temperature_celsius);
  EXPECT_EQ(machine_facts(root_).device_id, "");
}

TEST_F(Facts, lists_of_cores_are_read_or_refused_by_name) {
  EXPECT_THAT(parse_cores("0,2-4,3").value(), ElementsAre(0, 2, 3, 4));
  EXPECT_THAT(parse_cores("").value(), ElementsAre());
  for (const char* bad : {"x", "1-", "3-1", "-1", "1,,2", "99999", "1 2"}) {
    EXPECT_FALSE(parse_cores(bad)) << bad;
  }
  EXPECT_EQ(parse_cores("1,b").error().message,
            "\"b\" in \"1,b\" is not a core or a range of cores");
}

}  // namespace
}  // namespace pare::host
