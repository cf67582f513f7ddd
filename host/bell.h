// Something that a thread waiting in poll() can be woken by.  ring() from any thread, at once.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include "core/check.h"

namespace pare::host {

class Bell {
 public:
  Bell() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    PARE_CHECK(fd_ >= 0, "the system has no more file descriptors");
  }
  ~Bell() { close(fd_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  int fd() const noexcept { return fd_; }
  void ring() const noexcept { (void)!eventfd_write(fd_, 1); }
  void silence() const noexcept {
    eventfd_t rung = 0;
    (void)!eventfd_read(fd_, &rung);
  }

 private:
  int fd_;
};

}  // namespace pare::host
