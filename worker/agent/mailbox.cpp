#include "worker/agent/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "core/check.h"

namespace pare::worker {

Mailbox::Mailbox() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  PARE_CHECK(fd_ >= 0, "no descriptor for the mailbox");
}

Mailbox::~Mailbox() {
  ::close(fd_);
}

void Mailbox::post_progress(double share, const std::string& message) {
  const std::scoped_lock lock(mutex_);
  news_.progress = {share, message};
  ::eventfd_write(fd_, 1);
}

void Mailbox::post_end(std::optional<std::string> outcome) {
  const std::scoped_lock lock(mutex_);
  news_.ended = true;
  news_.outcome = std::move(outcome);
  ::eventfd_write(fd_, 1);
}

TaskNews Mailbox::take() {
  const std::scoped_lock lock(mutex_);
  eventfd_t ignored = 0;
  ::eventfd_read(fd_, &ignored);
  return std::exchange(news_, {});
}

}  // namespace pare::worker
