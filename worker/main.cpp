// pare-worker: serves one device, or some cores of it, to a coordinator.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/printable.h"
#include "core/version.h"
#include "host/facts.h"
#include "host/log.h"
#include "worker/agent/agent.h"
#include "worker/membership.h"
#include "worker/probe/probe.h"

namespace pare::worker {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string coordinator = "http://127.0.0.1:7070";
  std::string endpoint = "tcp://127.0.0.1:7071";
  std::string join;   // a code; empty: none
  fs::path identity;  // a file; empty: of the scratch folder
  std::string name;
  std::vector<std::string> pools{"default"};
  fs::path cache, scratch, engine, trainer, runtimes;
  std::string cores, device_id;
  std::int64_t memory_limit_mib = (host::machine_facts().memory_bytes >> 20) / 5 * 4;
};

fs::path beside_this_program(const char* name) {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path() / name;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "worker";
}

int fail(const Error& error) {
  std::fprintf(stderr, "pare-worker: %s\n", printable(error.message).c_str());
  return 1;
}

// One worker a scratch folder: two would send each other's reports.
Result<int> lock_folder(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  const int fd = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return Error{ErrorCode::kUnavailable, folder.string() + " cannot be written"};
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return Error{ErrorCode::kConflict, "another worker uses the scratch folder " + folder.string()};
  }
  return fd;  // held until the process ends
}

Result<WorkerProfile> make_profile(const Options& options, const std::vector<int>& cores,
                                   std::vector<RuntimeInfo> runtimes) {
  WorkerProfile profile;
  profile.name = options.name.empty() ? host_name() : options.name;
  profile.device_id =
      options.device_id.empty() ? host::machine_facts().device_id : options.device_id;
  if (profile.device_id.empty()) {
    return Error{ErrorCode::kNotFound,
                 "this machine has no /etc/machine-id: name the device with --device-id"};
  }
  profile.device_json = probe_device(cores, options.engine);
  std::string warning;
  profile.capabilities = probe_capabilities(options.trainer, warning);
  if (!warning.empty()) {
    std::fprintf(stderr, "pare-worker: trains nothing: %s\n", printable(warning).c_str());
  }
  profile.pools = options.pools;
  profile.runtimes = std::move(runtimes);
  return profile;
}

Result<std::string> new_session() {
  std::ifstream source("/proc/sys/kernel/random/uuid");
  std::string session;
  if (!std::getline(source, session) || !wire::is_session(session)) {
    return Error{ErrorCode::kUnavailable, "the kernel gives no UUID"};
  }
  return session;
}

// The lock on the scratch folder says that the process is gone.  Empty: none was here, or it was
// never known.
std::string session_of_before(const fs::path& file) {
  std::ifstream source(file);
  std::string session;
  return std::getline(source, session) && wire::is_session(session) ? session : "";
}

Result<std::monostate> serve(const Options& options, int signals) {
  const auto cores = host::parse_cores(options.cores);
  if (!cores) return cores.error();
  if (!fs::is_regular_file(options.engine)) {
    return Error{ErrorCode::kNotFound, "pare-engine is not at " + options.engine.string()};
  }
  const auto commands = read_commands(options.runtimes);
  if (!commands) return commands.error();
  const auto locked = lock_folder(options.scratch);
  if (!locked) return locked.error();
  Runtimes runtimes = probe_runtimes(commands.value());
  for (const std::string& warning : runtimes.warnings) {
    std::fprintf(stderr, "pare-worker: left out: %s\n", printable(warning).c_str());
  }
  auto profile = make_profile(options, cores.value(), std::move(runtimes.infos));
  if (!profile) return profile.error();
  WorkerProfile said = std::move(profile).value();
  const bool trains = !said.capabilities.empty();
  const fs::path session_file = options.scratch / "session";
  said.replaces = session_of_before(session_file);
  auto session = new_session();
  if (!session) return session.error();
  const fs::path identity =
      options.identity.empty() ? options.scratch / "identity.json" : options.identity;
  const auto member = membership(options.coordinator, identity, options.join);
  if (!member) return member.error();
  auto link = Link::open(member.value() ? member.value()->endpoint : options.endpoint,
                         link_keys(member.value()));
  if (!link) return link.error();
  auto outbox = Outbox::open(options.scratch / "outbox");
  if (!outbox) return outbox.error();
  auto cache = Cache::open(
      options.cache,
      BlobClient(options.coordinator, member.value() ? member.value()->token : std::string()));
  if (!cache) return cache.error();
  TaskSettings settings{.engine = fs::absolute(options.engine),
                        .trainer = trains ? fs::absolute(options.trainer) : fs::path(),
                        .scratch = fs::absolute(options.scratch) / "tasks",
                        .kept = fs::absolute(options.scratch) / "kept",
                        .runtimes = std::move(runtimes.commands),
                        .cores = cores.value(),
                        .max_memory_bytes = options.memory_limit_mib << 20};
  std::error_code ignored;
  fs::remove_all(settings.scratch, ignored);  // of a worker that was killed
  fs::remove_all(settings.kept, ignored);     // perhaps by another version of a runtime
  Agent(std::move(session).value(), std::move(said), std::move(settings), std::move(link).value(),
        std::move(outbox).value(), std::move(cache).value(), session_file)
      .run(signals);
  return std::monostate{};
}

int run(int argc, char** argv) {
  host::start_log("pare-worker");
  Options options;
  options.engine = beside_this_program("pare-engine");
  options.trainer = beside_this_program("pare-train");
  options.runtimes = beside_this_program("runtimes.json");
  CLI::App app("Serves this device to a Pare coordinator.");
  app.set_version_flag("--version", std::string("pare-worker ") + kVersion);
  app.add_option("--coordinator", options.coordinator, "HTTP of the coordinator")
      ->capture_default_str();
  app.add_option("--endpoint", options.endpoint,
                 "ZeroMQ of the coordinator; whoever joined knows it from there")
      ->capture_default_str();
  app.add_option("--join", options.join,
                 "A code of `pare worker enroll`: joins a service that asks for tokens, once");
  app.add_option("--identity", options.identity,
                 "File that it is known by from then on; identity.json in --scratch otherwise");
  app.add_option("--name", options.name, "For people to read; the host's name otherwise");
  app.add_option("--pool", options.pools, "Pools it belongs to")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--cache", options.cache, "Folder of blobs; workers may share it")->required();
  app.add_option("--scratch", options.scratch, "Folder of this worker alone")->required();
  app.add_option("--engine", options.engine, "pare-engine")->capture_default_str();
  app.add_option("--trainer", options.trainer, "pare-train; without one it trains nothing")
      ->capture_default_str();
  app.add_option("--runtimes", options.runtimes, "Which harnesses there are")
      ->capture_default_str();
  app.add_option(
      "--cores", options.cores,
      "Cores that tasks run on: 0,2-3; all otherwise. A measurement takes as many as it has "
      "threads, the last ones");
  app.add_option("--device-id", options.device_id, "The device; /etc/machine-id otherwise");
  app.add_option("--memory-limit-mib", options.memory_limit_mib,
                 "Memory of a task with its children; four fifths of the machine's otherwise")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  // Blocked before the first thread, so that every thread has it blocked and none is interrupted.
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTERM);
  ::sigaddset(&stop, SIGINT);
  ::sigprocmask(SIG_BLOCK, &stop, nullptr);
  const int signals = ::signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
  try {
    const auto served = serve(options, signals);
    return served ? 0 : fail(served.error());
  } catch (const std::exception& error) {
    return fail({ErrorCode::kInternal, std::string("ends: ") + error.what()});
  }
}

}  // namespace
}  // namespace pare::worker

int main(int argc, char** argv) {
  try {
    return pare::worker::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pare-worker: %s\n", pare::printable(error.what()).c_str());
    return 1;
  }
}
