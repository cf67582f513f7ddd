// Some threads that take jobs in their order.  add() may be called by any thread, the rest by the
// owner.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pare::coordinator {

class ThreadLane {
 public:
  explicit ThreadLane(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  // Those that were added and not begun are dropped.
  ~ThreadLane() {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
      jobs_.clear();
    }
    added_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  ThreadLane(const ThreadLane&) = delete;
  ThreadLane& operator=(const ThreadLane&) = delete;

  void add(std::function<void()> job) {
    {
      const std::scoped_lock lock(mutex_);
      jobs_.push_back(std::move(job));
      waiting_ = jobs_.size();
    }
    added_.notify_one();
  }
  // Of those added, how many no thread has begun yet.
  std::size_t waiting() const noexcept { return waiting_; }

 private:
  void run() {
    while (true) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex_);
        added_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
        if (ending_) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
        waiting_ = jobs_.size();
      }
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<std::function<void()>> jobs_;
  std::atomic<std::size_t> waiting_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pare::coordinator
