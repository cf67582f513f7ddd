#include "cli/own_service.h"

#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/run_to_end.h"
#include "host/token.h"

namespace pare::cli {

using Milliseconds = std::chrono::milliseconds;

namespace {

constexpr const char* kProgram = "pare up";

// Until a worker is there; what it lacks otherwise.
Result<std::monostate> await_worker(const Service& service, Supervisor& up) {
  constexpr auto kPatience = std::chrono::seconds(120);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline && !interrupted()) {
    const auto health = service.get("/healthz");
    if (health && health.value().value("workers", 0) > 0) return std::monostate{};
    up.turn(Milliseconds(200), -1);
    if (!up.all_running()) break;
  }
  return Error{ErrorCode::kUnavailable,
               "`pare up` did not get ready: " + without_end(up.last_words(kProgram))};
}

}  // namespace

int local_port(const std::string& url) {
  for (const std::string_view host : {"http://127.0.0.1", "http://localhost"}) {
    if (!url.starts_with(host)) continue;
    const std::string_view rest = std::string_view(url).substr(host.size());
    if (rest.empty()) return 80;
    int port = 0;
    const auto [end, failure] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), port);
    const bool whole = failure == std::errc() && end == rest.data() + rest.size();
    return rest.front() == ':' && whole && port > 0 && port < 65535 ? port : 0;
  }
  return 0;
}

Result<OwnService> OwnService::at(const std::string& url, const std::string& data,
                                  const std::filesystem::path& log) {
  const auto token = host::service_token();
  if (!token) return token.error();
  auto made = Service::at(url, token.value());
  if (!made) return made.error();
  OwnService own;
  own.service_ = std::make_unique<Service>(std::move(made).value());
  if (const auto health = own.service_->get("/healthz"); health) {
    return own;
  } else if (local_port(url) == 0 || own.service_->answers()) {
    return health.error();  // one that cannot work now is there all the same
  }
  auto up = std::make_unique<Supervisor>([](const std::string&) {});
  std::vector<std::string> command = {program_beside("pare"), "up", "--port",
                                      std::to_string(local_port(url))};
  if (!data.empty()) command.insert(command.end(), {"--data", data});
  if (auto begun = up->start({kProgram, std::move(command), log}); !begun) return begun.error();
  own.started_ = std::move(up);
  if (auto ready = await_worker(*own.service_, *own.started_); !ready) return ready.error();
  return own;
}

OwnService::~OwnService() {
  constexpr Milliseconds kPatience{30'000};
  if (started_) started_->stop(kPatience);
}

}  // namespace pare::cli
