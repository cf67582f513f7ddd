// The service that a command talks to: the one that answers, or one of its own on this machine,
// which ends with the command (nothing is lost, and it goes on with the next one).
//
// One thread.
#pragma once

#include <memory>
#include <string>

#include "cli/service.h"
#include "cli/supervisor.h"

namespace pare::cli {

class OwnService {
 public:
  // Where nobody answers at `url` and that is an address of this machine, starts `pare up` there,
  // with its data in `data` (empty: where `pare up` keeps them) and its words in `log`; waits until
  // a worker is there.  Fails with kUnavailable, in `pare up`'s words, where it does not start,
  // where nobody answers elsewhere, and where somebody does who cannot work now.
  static Result<OwnService> at(const std::string& url, const std::string& data,
                               const std::filesystem::path& log);

  OwnService(OwnService&& other) noexcept = default;
  OwnService& operator=(OwnService&&) = delete;
  ~OwnService();  // ends what was started

  const Service& service() const noexcept { return *service_; }
  bool was_started() const noexcept { return started_ != nullptr; }

 private:
  OwnService() = default;

  std::unique_ptr<Service> service_;
  std::unique_ptr<Supervisor> started_;
};

// The port of an address of this machine ("http://127.0.0.1:7070"); 0: of another one.
int local_port(const std::string& url);

}  // namespace pare::cli
