#include "worker/task/pause.h"

namespace pare::worker {

void Pause::want(int suspension) {
  const std::scoped_lock lock(mutex_);
  if (suspension <= wanted_) return;
  wanted_ = suspension;
  changed_.notify_all();
  if (child_) {
    bell_.ring();
  } else {
    done_ = suspension;
    if (on_done_) on_done_(suspension);
  }
}

bool Pause::wait(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  return changed_.wait(lock, stop, [this] { return !stands_still(wanted_); });
}

bool Pause::wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  return wait(lock, stop);
}

bool Pause::enter(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  child_ = wait(lock, stop);
  return child_;
}

void Pause::leave() {
  const std::scoped_lock lock(mutex_);
  child_ = false;
  if (done_ == wanted_) return;
  done_ = wanted_;
  if (on_done_) on_done_(done_);
}

std::optional<int> Pause::wish() {
  const std::scoped_lock lock(mutex_);
  bell_.silence();
  return done_ == wanted_ ? std::nullopt : std::optional(wanted_);
}

void Pause::done(int suspension) {
  const std::scoped_lock lock(mutex_);
  done_ = suspension;
  if (on_done_) on_done_(suspension);
}

}  // namespace pare::worker
