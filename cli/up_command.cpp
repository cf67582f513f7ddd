// pare up: everything on this machine, started by one command and ended with it.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/run_to_end.h"
#include "cli/supervisor.h"
#include "host/facts.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;
using Milliseconds = std::chrono::milliseconds;

namespace {

struct UpArguments {
  std::string data;
  int port = 7070;
  int workers = 0;
  std::string pool = "default";
  bool tokens = false;
};

// Where a coordinator that asks for tokens leaves the first one.
fs::path token_file(const fs::path& data) {
  return data / "coordinator" / "admin.token";
}

// What a task of one of so many workers may use: together four fifths of the machine.
std::int64_t memory_share_mib(int workers) {
  const std::int64_t all = host::machine_facts().memory_bytes >> 20;
  return std::max<std::int64_t>(1, all / 5 * 4 / std::max(1, workers));
}

int default_workers() {
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 2U));
}

// The script that runs PostgreSQL: installed beside us, or in the tree that we were built from.
std::string postgres_script() {
  const std::string installed = program_beside("private_postgres.sh");
  return fs::exists(installed) ? installed : PARE_TOOLS_DIR "/private_postgres.sh";
}

// A PostgreSQL that outlives nobody: it is stopped at the end, and by a guard if we are killed.
class Database {
 public:
  static Result<Database> start(const fs::path& folder) {
    const std::string script = postgres_script();
    const auto started = run_to_end({script, "start", folder.string()});
    if (!started) return started.error();
    if (started.value().code != 0) {
      return Error{ErrorCode::kUnavailable,
                   "PostgreSQL does not start: " + without_end(started.value().errors)};
    }
    // The shell between us is killed with us; the guard that it starts is not, sees its end of our
    // pipe close, and stops the database.  A background process reads nothing on descriptor 0.
    host::ChildOptions options;
    const std::string guarding =
        "exec 3<&0; (trap '' INT TERM HUP; cat <&3 >/dev/null; "
        "exec \"$0\" stop \"$1\") & exec 3<&-; wait";
    options.command = {"sh", "-c", guarding, script, folder.string()};
    options.own_group = true;  // Ctrl-C is not for it
    auto guard = host::Child::start(options);
    if (!guard) return guard.error();
    return Database(script, folder, without_end(started.value().out), std::move(guard).value());
  }

  const std::string& url() const noexcept { return url_; }
  // Starts it again if it is away; true if it runs then.
  bool revive() const {
    const auto started = run_to_end({script_, "start", folder_.string()});
    return started && started.value().code == 0;
  }
  void stop() { (void)run_to_end({script_, "stop", folder_.string()}); }

 private:
  Database(std::string script, fs::path folder, std::string url, host::Child guard)
      : script_(std::move(script)),
        folder_(std::move(folder)),
        url_(std::move(url)),
        guard_(std::move(guard)) {}

  std::string script_;
  fs::path folder_;
  std::string url_;
  host::Child guard_;
};

// Machines without a machine-id (containers) get one that stays.
std::vector<std::string> device_flags(const fs::path& data) {
  std::string id;
  if (std::ifstream("/etc/machine-id") >> id) return {};
  const fs::path file = data / "device-id";
  if (!(std::ifstream(file) >> id)) {
    std::random_device random;
    for (int i = 0; i < 32; ++i) id += "0123456789abcdef"[random() % 16];
    std::ofstream(file) << id << "\n";
  }
  return {"--device-id", id};
}

Program coordinator_program(const UpArguments& given, const fs::path& data,
                            const std::string& database) {
  return {"the coordinator",
          {program_beside("pare-coordinator"), "--database", database, "--data",
           (data / "coordinator").string(), "--http", "127.0.0.1:" + std::to_string(given.port),
           "--workers-endpoint", "tcp://127.0.0.1:" + std::to_string(given.port + 1), "--access",
           given.tokens ? "tokens" : "open"},
          data / "log/coordinator.log"};
}

// `code`: what the worker joins with; empty: it is known already, or the service is open.
Program worker_program(const UpArguments& given, const fs::path& data, int number,
                       const std::string& code) {
  const std::string name = "w" + std::to_string(number);
  std::vector<std::string> command = {program_beside("pare-worker"),
                                      "--coordinator",
                                      "http://127.0.0.1:" + std::to_string(given.port),
                                      "--endpoint",
                                      "tcp://127.0.0.1:" + std::to_string(given.port + 1),
                                      "--name",
                                      name,
                                      "--pool",
                                      given.pool,
                                      "--cache",
                                      (data / "cache").string(),
                                      "--scratch",
                                      (data / "workers" / name).string(),
                                      "--memory-limit-mib",
                                      std::to_string(memory_share_mib(given.workers))};
  for (const std::string& flag : device_flags(data)) command.push_back(flag);
  if (!code.empty()) command.insert(command.end(), {"--join", code});
  return {"worker " + name, std::move(command), data / "log" / ("worker-" + name + ".log")};
}

bool was_signalled(int signals) {
  signalfd_siginfo info{};
  return ::read(signals, &info, sizeof info) == sizeof info;
}

// Until the service is healthy and knows as many workers, or something ended, or a signal came.
Result<bool> await_health(Supervisor& supervisor, const Service& service, int workers, int signals,
                          const std::string& whose) {
  constexpr auto kPatience = std::chrono::seconds(60);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (was_signalled(signals)) return false;
    const auto health = service.get("/healthz");
    if (health && health.value().value("workers", 0) >= workers) return true;
    supervisor.turn(Milliseconds(200), signals);
    if (!supervisor.all_running()) break;
  }
  return Error{ErrorCode::kUnavailable,
               whose + " did not get ready:\n" + without_end(supervisor.last_words(whose))};
}

// Lets a worker of this machine join a service that asks for tokens.
Result<std::string> code_for(const UpArguments& given, const fs::path& data, int number) {
  const std::string name = "w" + std::to_string(number);
  if (!given.tokens || fs::exists(data / "workers" / name / "identity.json")) return std::string();
  std::string token;
  std::getline(std::ifstream(token_file(data)), token);
  const auto service = Service::at("http://127.0.0.1:" + std::to_string(given.port), token);
  if (!service) return service.error();
  const auto made = service.value().post("/v1/workers/enrolments", {{"name", name}});
  if (!made) return made.error();
  return made.value().value("code", "");
}

void say(const std::string& sentence) {
  print("pare up: " + sentence + "\n");
}

Result<bool> start_all(const UpArguments& given, const fs::path& data, const Database& database,
                       Supervisor& supervisor, int signals) {
  auto service = Service::at("http://127.0.0.1:" + std::to_string(given.port));
  if (!service) return service.error();
  if (service.value().get("/healthz")) {
    return Error{ErrorCode::kConflict, "a service is running already on " + service.value().url() +
                                           "; choose another --port"};
  }
  if (auto started = supervisor.start(coordinator_program(given, data, database.url())); !started) {
    return started;
  }
  auto ready = await_health(supervisor, service.value(), 0, signals, "the coordinator");
  if (!ready || !ready.value()) return ready;
  for (int number = 1; number <= given.workers; ++number) {
    const auto code = code_for(given, data, number);
    if (!code) return code.error();
    if (auto started = supervisor.start(worker_program(given, data, number, code.value()));
        !started) {
      return started;
    }
  }
  return await_health(supervisor, service.value(), given.workers, signals, "worker w1");
}

// The coordinator serves the dashboard from beside its program, where it was built.
bool has_page() {
  return fs::exists(fs::path(program_beside("pare-coordinator")).parent_path() / "web/index.html");
}

std::string welcome(const UpArguments& given, const fs::path& data) {
  const std::string url = "http://127.0.0.1:" + std::to_string(given.port);
  return "Pare is up at " + url + " (this machine only), " + std::to_string(given.workers) +
         (given.workers == 1 ? " worker" : " workers") + ", data in " + data.string() + "\n" +
         (has_page() ? "\nOpen " + url + "/ in a browser, or go on here:\n" : std::string()) +
         "\n"
         "  pare model add detector.onnx --name my-detector\n"
         "  pare dataset add --name my-images --calibration DIR --val DIR --labels labels.json\n"
         "  pare target add x86 --runtime onnxruntime\n"
         "  pare submit --model my-detector --dataset my-images --target x86 --watch\n" +
         (given.port == 7070 ? std::string() : "\nset PARE_URL=" + url + " for them\n") +
         (given.tokens ? "\nset PARE_TOKEN_FILE=" + token_file(data).string() +
                             " for them, and make others tokens of their own: pare token create\n"
                       : std::string()) +
         "\nCtrl-C ends it; nothing is lost, and it goes on with the next `pare up`.\n";
}

// Until a signal comes.  The database is not our child, so it is asked for now and then, whether
// the coordinator runs or not: without a database it ends as often as it is started.
void watch_over(const UpArguments& given, const Database& database, Supervisor& supervisor,
                int signals) {
  constexpr auto kBetweenLooks = std::chrono::seconds(5);
  const auto service = Service::at("http://127.0.0.1:" + std::to_string(given.port));
  auto next_look = std::chrono::steady_clock::now() + kBetweenLooks;
  while (!was_signalled(signals)) {
    supervisor.turn(Milliseconds(1000), signals);
    if (std::chrono::steady_clock::now() < next_look) continue;
    const auto health = service.value().get("/healthz");
    if (!health) {
      say("the service is not healthy (" + health.error().message + "); its database " +
          (database.revive() ? "runs" : "does not start"));
    }
    next_look = std::chrono::steady_clock::now() + kBetweenLooks;
  }
}

Exit serve(const UpArguments& given, const fs::path& data, int signals) {
  auto database = Database::start(data / "postgres");
  if (!database) return report(database.error());
  Database running = std::move(database).value();
  Supervisor supervisor(say);
  const auto started = start_all(given, data, running, supervisor, signals);
  if (started && started.value()) {
    print(welcome(given, data));
    watch_over(given, running, supervisor, signals);
  }
  say("stopping");
  supervisor.stop(Milliseconds(10'000));
  running.stop();
  return started ? Exit::kOk : report(started.error());
}

// Tasks name files in JSON, and PostgreSQL keeps names one a line.  Any other name will do.
Result<bool> check_name(const std::string& folder) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::kInvalidArgument, "--data " + printable(folder) + ": " + why};
  };
  if (std::ranges::any_of(folder, [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
    return refuse("the name holds a line end or another control character");
  }
  try {
    (void)json(folder).dump();
  } catch (const json::exception&) {
    return refuse("the name is not UTF-8");
  }
  return true;
}

// Two that share a folder would fight over it.
Result<int> lock_data(const fs::path& data) {
  std::error_code error;
  for (const fs::path& folder : {data, data / "log", data / "workers"}) {
    fs::create_directories(folder, error);
    if (error) {
      return Error{ErrorCode::kInvalidArgument,
                   "cannot make " + folder.string() + ": " + error.message()};
    }
  }
  const int lock = ::open((data / "up.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorCode::kConflict, "another `pare up` uses " + data.string()};
  }
  return lock;  // held until the process ends
}

Exit up(const UpArguments& given) {
  const fs::path data = fs::absolute(given.data);
  if (const auto named = check_name(data.string()); !named) return report_usage(named.error());
  const auto locked = lock_data(data);
  if (!locked) return report_usage(locked.error());
  // Blocked before any child or thread, and read from a descriptor.
  sigset_t stop;
  ::sigemptyset(&stop);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&stop, signal);
  ::sigprocmask(SIG_BLOCK, &stop, nullptr);
  const int signals = ::signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
  return serve(given, data, signals);
}

}  // namespace

void add_up_command(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<UpArguments>();  // owned by the callback
  given->data = default_data_folder().string();
  given->workers = default_workers();
  CLI::App* command =
      app.add_subcommand("up", "Start everything on this machine: database, coordinator, workers");
  command->add_option("--data", given->data, "Where it keeps its data")->capture_default_str();
  command->add_option("--port", given->port, "Port of the service; the next one is the workers'")
      ->check(CLI::Range(1, 65534))
      ->capture_default_str();
  command->add_option("--workers", given->workers, "How many workers")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--pool", given->pool, "Pool of the workers")->capture_default_str();
  command->add_flag("--tokens", given->tokens, "Ask for tokens, on this machine, too");
  command->callback([given, &chosen] { chosen = [given](const Common&) { return up(*given); }; });
}

}  // namespace pare::cli
