// pare-coordinator: the service.  HTTP for people and workers' blobs, ZeroMQ for tasks, the search
// loop, all over one PostgreSQL.
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "coordinator/access/first_admin.h"
#include "coordinator/access/token_book.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/dispatch/dispatcher.h"
#include "coordinator/dispatch/holder.h"
#include "coordinator/dispatch/leadership.h"
#include "coordinator/dispatch/link_guard.h"
#include "coordinator/http/api.h"
#include "coordinator/http/guard.h"
#include "coordinator/http/request_metrics.h"
#include "coordinator/http/server.h"
#include "coordinator/jobs/job_loop.h"
#include "coordinator/store/pg_store.h"
#include "coordinator/sweep/sweep.h"
#include "core/printable.h"
#include "core/version.h"
#include "host/log.h"

namespace pare::coordinator {
namespace {

constexpr std::chrono::minutes kBetweenSweeps{10};

struct Options {
  std::string database;
  std::string data;
  std::string http = "127.0.0.1:7070";
  std::string workers_endpoint = "tcp://127.0.0.1:7071";
  std::string web;  // empty: beside the program
  bool tokens = false;
  std::int64_t max_blob_mib = 4096;
  int threads = 32;
};

Options read_options(CLI::App& app, int argc, char** argv) {
  Options options;
  app.add_option("--database", options.database, "PostgreSQL (libpq URL or connection string)")
      ->required()
      ->envname("PARE_DATABASE");
  app.add_option("--data", options.data, "Folder of the artifacts")->required();
  app.add_option("--http", options.http,
                 "HOST:PORT of the HTTP API; without tokens on loopback only")
      ->capture_default_str();
  app.add_option("--access", options.tokens,
                 "open: whoever is on this machine may everything; tokens: requests show one")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, bool>{{"open", false}, {"tokens", true}}))
      ->default_str("open");
  app.add_option("--workers-endpoint", options.workers_endpoint, "Where workers connect (ZeroMQ)")
      ->capture_default_str();
  app.add_option("--web", options.web,
                 "Folder of the dashboard; where this is not given, `web` beside the program");
  app.add_option("--max-blob-mib", options.max_blob_mib, "Largest artifact taken")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--http-threads", options.threads, "Requests answered at once")
      ->check(CLI::Range(2, 1024))
      ->capture_default_str();
  app.set_version_flag("--version", std::string("pare-coordinator ") + kVersion);
  app.parse(argc, argv);
  return options;
}

// The parts of the service, in the order they depend on each other.
class Service {
 public:
  // `keys` of the workers' link; nullopt: it is open.
  Service(std::unique_ptr<Store> store, BlobStore blobs, const Options& options,
          const HostPort& http, std::optional<LinkKeys> keys, WebFiles pages)
      : store_(std::move(store)),
        blobs_(std::move(blobs)),
        views_(*store_),
        loop_(*store_, views_, loop_options()),
        tokens_(keys ? std::make_unique<TokenBook>(*store_, book_options()) : nullptr),
        dispatcher_(*store_, dispatch_options(options, keys), [this] { loop_.wake(); }),
        services_{*store_,          views_,
                  blobs_,           [this] { work_added(); },
                  tokens_.get(),    {keys ? keys->public_key : "", 0},
                  std::move(pages), &requests_},
        server_(make_routes(services_),
                server_options(options, http, blobs_, {tokens_.get(), &requests_})) {}

  Result<std::string> start() {
    store_->when_tasks_are_queued([this] { dispatcher_.wake(); });
    auto endpoint = dispatcher_.start();
    if (!endpoint) return endpoint.error();
    services_.link.port =
        std::atoi(endpoint.value().substr(endpoint.value().rfind(':') + 1).c_str());
    search_ = std::jthread([this](const std::stop_token& stop) { search(stop); });
    sweeper_ = std::jthread([this](const std::stop_token& stop) {
      keep_sweeping(
          *store_, blobs_, kBetweenSweeps,
          [](const std::string& line) { spdlog::info("{}", line); }, stop);
    });
    if (tokens_) {  // who asks at once is known
      if (const auto read = tokens_->read(); !read) return read.error();
    }
    const auto port = server_.start();
    if (!port) return port.error();
    return "port " + std::to_string(port.value()) + ", workers at " + endpoint.value();
  }

  // Requests first, so that none finds a part of the service gone.
  void stop() {
    server_.stop();
    for (std::jthread* const thread : {&sweeper_, &search_}) {
      if (!thread->joinable()) continue;
      thread->request_stop();
      thread->join();
    }
    store_->when_tasks_are_queued({});
    dispatcher_.stop();
  }

 private:
  JobLoopOptions loop_options() {
    JobLoopOptions options;
    options.log = [](const std::string& line) { spdlog::info("{}", line); };
    options.tasks_added = [this] { dispatcher_.wake(); };
    return options;
  }
  // Whatever it meets, the search goes on: all that it knows is in the store.
  void search(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      try {
        loop_.run(stop);
      } catch (const std::exception& thrown) {
        spdlog::error("the job loop goes on after: {}", thrown.what());
        std::this_thread::sleep_for(std::chrono::seconds(1));
      }
    }
  }
  DispatchOptions dispatch_options(const Options& options, std::optional<LinkKeys> keys) {
    DispatchOptions out;
    out.keys = std::move(keys);
    out.worker_of = [this](const std::string& key) { return tokens_->worker_of(key); };
    out.endpoint = options.workers_endpoint;
    out.log = [](const std::string& line) { spdlog::error("{}", line); };
    return out;
  }
  static TokenBook::Options book_options() {
    TokenBook::Options out;
    out.log = [](const std::string& line) { spdlog::warn("{}", line); };
    return out;
  }
  struct Watchers {
    TokenBook* tokens;
    RequestMetrics* requests;
  };
  static ServerOptions server_options(const Options& options, const HostPort& http,
                                      const BlobStore& blobs, const Watchers& watchers) {
    ServerOptions out;
    out.host = http.host;
    out.port = http.port;
    out.threads = options.threads;
    out.max_upload = blobs.max_blob();
    out.tokens = watchers.tokens;
    out.requests = watchers.requests;
    return out;
  }
  void work_added() {
    loop_.wake();
    dispatcher_.wake();
  }

  std::unique_ptr<Store> store_;
  BlobStore blobs_;
  JobViews views_;
  JobLoop loop_;
  std::unique_ptr<TokenBook> tokens_;  // null: none are asked for
  Dispatcher dispatcher_;
  RequestMetrics requests_;
  Services services_;
  HttpServer server_;
  std::jthread search_, sweeper_;
};

int fail(const Error& error) {
  spdlog::error("{}", error.message);
  return 1;
}

// One coordinator leads a database; the others wait, and say whom for.  False: a signal to end
// came.
Result<bool> wait_to_lead(LeaderStore& store, const sigset_t& ends) {
  const std::string holder = this_holder();
  std::string said;
  while (true) {
    const auto leads = try_to_lead(store, holder);
    if (leads) {
      spdlog::info("leads, term {}", leads.value().term);
      return true;
    }
    if (!is_retryable(leads.error().code) && leads.error().code != ErrorCode::kConflict) {
      return leads.error();
    }
    if (leads.error().message != said) {
      said = leads.error().message;
      spdlog::warn("waits to lead: {}", said);
    }
    const timespec second{1, 0};
    if (::sigtimedwait(&ends, nullptr, &second) > 0) return false;
  }
}

// What a service that asks for tokens needs before it begins; nullopt: this one asks for none.
Result<std::optional<LinkKeys>> lock_up(const Options& options, AccessStore& store) {
  if (!options.tokens) return std::optional<LinkKeys>{};
  auto keys = keep_link_keys(std::filesystem::path(options.data) / "link.keys");
  if (!keys) return keys.error();
  const auto file = make_first_admin(store, options.data);
  if (!file) return file.error();
  if (file.value()) {
    spdlog::info("nobody could administer: a token for that is in {}", file.value()->string());
  }
  return std::optional(std::move(keys).value());
}

// The dashboard; a folder that was not asked for by name may be missing.
Result<WebFiles> pages_of(const Options& options) {
  if (!options.web.empty()) return WebFiles::read(options.web);
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path folder = program.parent_path() / "web";
  if (!error && std::filesystem::exists(folder / "index.html", error)) {
    return WebFiles::read(folder);
  }
  return WebFiles(
      "it was built without its pages, which need Node and packages that could not be "
      "had then (./dev build says why); " +
      folder.string() + " is where they would be");
}

void say_ready(const Options& options, const HostPort& http, const std::string& where) {
  if (!is_loopback(http.host)) {
    spdlog::warn("{} is not loopback, and this is plain HTTP: put a proxy with TLS in front",
                 options.http);
  }
  std::printf("pare-coordinator %s ready: http://%s (%s); %s\n", kVersion, options.http.c_str(),
              where.c_str(),
              options.tokens ? "requests show a token" : "loopback only, no tokens are asked for");
  std::fflush(stdout);
}

int serve(const Options& options) {
  const auto http = parse_host_port(options.http);
  if (!http) return fail(http.error());
  auto blobs = BlobStore::open(options.data, Bytes{options.max_blob_mib << 20});
  if (!blobs) return fail(blobs.error());
  auto pages = pages_of(options);
  if (!pages) return fail(pages.error());
  // Blocked before the first thread, so that they come to those who wait for them and nobody else.
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGINT);
  ::sigaddset(&ends, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  PgOptions database;
  database.url = options.database;
  database.log = [](const std::string& line) { spdlog::warn("{}", line); };
  auto store = open_pg_store(database);
  if (!store) return fail(store.error());

  const auto leads = wait_to_lead(*store.value(), ends);
  if (!leads) return fail(leads.error());
  if (!leads.value()) return 0;

  Store& leading = *store.value();
  auto keys = lock_up(options, leading);
  if (!keys) return fail(keys.error());
  Service service(std::move(store).value(), std::move(blobs).value(), options, http.value(),
                  std::move(keys).value(), std::move(pages).value());
  std::atomic<bool> overtaken = false;
  const Leadership leadership(leading, [&overtaken](const std::string& reason) {
    spdlog::error("{}; this one ends", reason);
    overtaken = true;
    ::kill(::getpid(), SIGTERM);
  });
  const auto started = service.start();
  if (!started) {
    service.stop();
    return fail(started.error());
  }
  say_ready(options, http.value(), started.value());
  int signal = 0;
  ::sigwait(&ends, &signal);
  spdlog::info("stopping");
  service.stop();
  return overtaken ? 1 : 0;
}

int run(int argc, char** argv) {
  host::start_log("pare-coordinator");
  CLI::App app("The service of Pare.", "pare-coordinator");
  try {
    const Options options = read_options(app, argc, argv);
    return serve(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
}

}  // namespace
}  // namespace pare::coordinator

int main(int argc, char** argv) {
  try {
    return pare::coordinator::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pare-coordinator: %s\n", pare::printable(error.what()).c_str());
    return 1;
  }
}
