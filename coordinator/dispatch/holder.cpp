#include "coordinator/dispatch/holder.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace pare::coordinator {
namespace {

namespace fs = std::filesystem;

std::string first_word_of(const std::string& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

// When a process was started, in ticks since the machine was; empty: there is none.
std::string start_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto name_end = text.rfind(')');  // a name may hold anything
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  std::string field;
  constexpr int kStart = 20;  // the 22nd of proc(5), counted from the state
  for (int i = 0; i < kStart; ++i) rest >> field;
  return field;
}

// Where numbers of processes mean the same: this boot of the kernel, this namespace.
std::string realm() {
  std::error_code none;
  return "boot " + first_word_of("/proc/sys/kernel/random/boot_id") + ", pids " +
         fs::read_symlink("/proc/self/ns/pid", none).string();
}

std::string after(std::string_view text, std::string_view mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return {};
  const auto begin = at + mark.size();
  return std::string(text.substr(begin, text.find_first_of(" ,)", begin) - begin));
}

}  // namespace

std::string this_holder() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string pid = std::to_string(::getpid());
  return std::string(host.data()) + " pid " + pid + " (started " + start_of(pid) + ", " + realm() +
         ")";
}

bool is_gone(std::string_view holder) {
  if (holder.find(realm()) == std::string_view::npos) return false;
  const std::string pid = after(holder, " pid ");
  const std::string start = after(holder, "(started ");
  if (pid.empty() || start.empty()) return false;
  return start_of(pid) != start;
}

}  // namespace pare::coordinator
