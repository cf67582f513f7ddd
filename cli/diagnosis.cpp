#include "cli/diagnosis.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/engine.h"
#include "cli/own_service.h"
#include "cli/run_to_end.h"
#include "core/number_text.h"
#include "core/version.h"
#include "host/token.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

using FindingList = std::vector<Finding>;

constexpr std::int64_t kGiB = 1LL << 30;

Finding good(std::string part, std::string says) {
  return {Condition::kGood, std::move(part), std::move(says), {}};
}

Finding odd(std::string part, std::string says, std::string help) {
  return {Condition::kOdd, std::move(part), std::move(says), std::move(help)};
}

Finding broken(std::string part, std::string says, std::string help) {
  return {Condition::kBroken, std::move(part), std::move(says), std::move(help)};
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// "pare-engine 0.1.0": the program says so of itself.
Finding diagnose_program(const fs::path& file) {
  const std::string name = file.filename().string();
  std::error_code error;
  if (!fs::exists(file, error)) {
    return broken("programs", file.string() + " is not there",
                  "build or install it again: ./dev build");
  }
  const auto ended = run_to_end({file.string(), "--version"});
  if (!ended || ended.value().code != 0) {
    const std::string why = ended ? "exit code " + std::to_string(ended.value().code) + ": " +
                                        first_line(without_end(ended.value().errors))
                                  : ended.error().message;
    return broken("programs", name + " does not start: " + why,
                  "a library that it needs may be missing: ldd " + file.string());
  }
  const std::string said = without_end(ended.value().out);
  const std::string expected = name + " " + kVersion;
  if (said != expected) {
    return broken("programs", file.string() + " is " + said + ", this is pare " + kVersion,
                  "upgrade all programs together");
  }
  return good("programs", said);
}

// Of the newest version, or of whatever is in PATH; empty: none.
std::string postgres_programs() {
  std::string newest;
  std::error_code error;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", error)) {
    const std::string folder = (version.path() / "bin").string();
    if (fs::exists(folder + "/pg_ctl", error)) newest = std::max(newest, folder);
  }
  if (!newest.empty()) return newest;
  const auto found = run_to_end({"sh", "-c", "command -v pg_ctl"});
  return found && found.value().code == 0 ? without_end(found.value().out) : std::string();
}

Finding diagnose_runtime(const std::string& name, const json& command, const std::string& engine,
                         const fs::path& scratch) {
  std::vector<std::string> words = {
      "check", "--scratch", scratch.string(), "--only", "hello says what it is", "--"};
  for (const json& word : command) words.push_back(word.is_string() ? word.get<std::string>() : "");
  const auto said = ask_engine(engine, words);
  const std::string help =
      "`pare runtime check` with its command says more; ./dev setup runtimes "
      "installs those that are packages";
  if (!said) return odd("runtimes", name + ": " + first_line(said.error().message), help);
  const std::string answer =
      said.value().value("runtime", "") + " " + said.value().value("version", "");
  for (const json& check : said.value().value("checks", json::array())) {
    if (check.value("end", "") != "broken") continue;
    return odd("runtimes", name + ": " + check.value("why", ""), help);
  }
  return good("runtimes", answer);
}

// Of a service that answers: is somebody there to work, and for every target?
void diagnose_fleet(const Service& service, FindingList& findings) {
  const auto workers = service.list("/v1/workers");
  if (!workers) {
    findings.push_back(broken("service", workers.error().message,
                              "ask whoever administers it for a token: `pare token create`"));
    return;
  }
  const auto lost = std::ranges::count_if(
      workers.value(), [](const json& worker) { return worker.value("state", "") == "lost"; });
  const auto here = static_cast<std::ptrdiff_t>(workers.value().size()) - lost;
  if (here == 0) {
    findings.push_back(broken("workers", "none is connected, so nothing is measured",
                              "start pare-worker on the device; its log says why it cannot join"));
  } else {
    findings.push_back(good("workers", std::to_string(here) + " connected"));
  }
  const auto targets = service.list("/v1/targets");
  for (const json& target : targets ? targets.value() : json::array()) {
    if (target.value("workers", 0) > 0) continue;
    findings.push_back(odd("targets",
                           "nobody serves " + target.value("name", "") + " (" +
                               target.value("runtime", "") + ", pool " + target.value("pool", "") +
                               "): its jobs wait",
                           "start a worker in that pool that has the runtime"));
  }
}

}  // namespace

FindingList diagnose_programs(const fs::path& folder) {
  FindingList findings;
  for (const char* name : {"pare-coordinator", "pare-worker", "pare-engine"}) {
    findings.push_back(diagnose_program(folder / name));
  }
  std::error_code error;
  if (!fs::exists(folder / "pare-train", error)) {
    findings.push_back(odd("programs", "pare-train is not there: nothing is trained",
                           "./dev train builds it (it installs libtorch)"));
  }
  return findings;
}

FindingList diagnose_database() {
  const std::string programs = postgres_programs();
  if (programs.empty()) {
    return {broken("database", "PostgreSQL is not installed",
                   "./dev setup run, or Debian's package postgresql")};
  }
  if (::geteuid() == 0 && ::getpwnam("postgres") == nullptr) {
    return {broken("database", "PostgreSQL refuses to run as root, and there is no user postgres",
                   "make that user, or run `pare up` as another one than root")};
  }
  return {good("database", "PostgreSQL in " + programs)};
}

FindingList diagnose_data(const fs::path& folder) {
  constexpr std::int64_t kLeast = 64LL << 20;
  std::error_code error;
  fs::path there = fs::absolute(folder);
  while (!fs::exists(there, error) && there.has_parent_path()) there = there.parent_path();
  const std::string name = folder.string();
  if (!fs::is_directory(there, error)) {
    return {broken("data", there.string() + " is no folder", "choose another --data")};
  }
  if (::access(there.c_str(), W_OK) != 0) {
    return {broken("data", there.string() + " cannot be written by this user",
                   "choose another --data, or change its owner")};
  }
  const auto space = fs::space(there, error);
  const auto room = error ? 0 : static_cast<std::int64_t>(space.available);
  const std::string says = name + ", " + byte_size(static_cast<double>(room)) + " free";
  if (room < kLeast) return {broken("data", says, "make room: results need some")};
  if (room < 2 * kGiB) return {odd("data", says, "a job keeps some 100 MiB to 1 GiB")};
  return {good("data", says)};
}

FindingList diagnose_runtimes(const fs::path& runtimes, const std::string& engine) {
  const auto read = read_json_file(runtimes.string());
  if (!read || !read.value().is_object()) {
    return {broken("runtimes",
                   read ? runtimes.string() + " holds no JSON object" : read.error().message,
                   "the build writes it; pare-worker --runtimes names another")};
  }
  const auto scratch = TemporaryFolder::make();
  if (!scratch) return {broken("runtimes", scratch.error().message, "set TMPDIR to a folder")};
  FindingList findings;
  for (const auto& [name, command] : read.value().items()) {
    findings.push_back(diagnose_runtime(name, command, engine, scratch.value().path()));
  }
  const bool any = std::ranges::any_of(
      findings, [](const Finding& one) { return one.condition == Condition::kGood; });
  if (!any) {
    findings.push_back(broken("runtimes", "none works, so nothing can be measured here",
                              "./dev setup run installs OpenVINO and ONNX Runtime"));
  }
  return findings;
}

FindingList diagnose_machine(const host::MachineFacts& facts, const host::MachineState& state) {
  FindingList findings = {good("machine", facts.cpu_model + ", " + std::to_string(facts.cores) +
                                              " cores, " +
                                              byte_size(static_cast<double>(facts.memory_bytes)))};
  if (facts.memory_bytes > 0 && facts.memory_bytes < 2 * kGiB) {
    findings.push_back(odd("machine", "less than 2 GiB of memory",
                           "let a larger machine build and score; this one can measure"));
  }
  if (facts.cores == 1) {
    findings.push_back(odd("machine", "one core: what else runs disturbs measurements",
                           "run the coordinator and its database elsewhere"));
  }
  if (state.governor && *state.governor != "performance") {
    findings.push_back(odd("machine", "the processor's frequency governor is " + *state.governor,
                           "cpupower frequency-set -g performance makes latencies steadier"));
  }
  if (state.throttle_count.value_or(0) > 0) {
    findings.push_back(odd("machine", "the processor was throttled by heat since it started",
                           "look after its cooling: its latencies are not to be trusted"));
  }
  if (facts.cores > 0 && state.load_average > facts.cores) {
    std::array<char, 16> load{};
    std::snprintf(load.data(), load.size(), "%.1f", state.load_average);
    findings.push_back(odd("machine", std::string("a load of ") + load.data() + " already",
                           "measure on a machine that does nothing else"));
  }
  return findings;
}

FindingList diagnose_service(const std::string& url) {
  const auto token = host::service_token();
  if (!token) return {broken("service", token.error().message, "PARE_TOKEN_FILE names its file")};
  const auto service = Service::at(url, token.value());
  if (!service) return {broken("service", service.error().message, "look at --url and PARE_URL")};
  const auto health = service.value().get("/healthz");
  if (!health && !service.value().answers()) {
    if (local_port(url) != 0) {
      return {odd("service", "nobody answers at " + url, "`pare up` starts one")};
    }
    return {broken("service", health.error().message, "look at --url, the network and the proxy")};
  }
  if (!health) {
    return {broken("service", url + ": " + health.error().message,
                   "its log says more: log/coordinator.log in its data folder")};
  }
  FindingList findings;
  const std::string version = health.value().value("version", "");
  if (version != kVersion) {
    findings.push_back(odd("service", url + " is Pare " + version + ", this is " + kVersion,
                           "upgrade the command line and the service together"));
  } else {
    findings.push_back(good("service", url + " works"));
  }
  if (const int waiting = health.value().value("waiting", 0); waiting > 0) {
    findings.push_back(
        odd("service",
            std::to_string(waiting) + " tasks wait: " + health.value().value("waiting_reason", ""),
            "they go on by themselves once that is over"));
  }
  diagnose_fleet(service.value(), findings);
  return findings;
}

}  // namespace pare::cli
