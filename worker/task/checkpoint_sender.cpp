#include "worker/task/checkpoint_sender.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace pare::worker {
namespace {

void drop(const std::filesystem::path& file) {
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
}

}  // namespace

CheckpointSender::CheckpointSender(Cache& cache, Pause& pause,
                                   std::function<void(const Checkpoint&)> on_sent)
    : cache_(cache),
      pause_(pause),
      on_sent_(std::move(on_sent)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void CheckpointSender::offer(std::filesystem::path file, std::int64_t step) {
  const std::scoped_lock lock(mutex_);
  if (newest_ && newest_->file != file) drop(newest_->file);
  newest_ = Offer{std::move(file), step};
  offered_.notify_all();
}

void CheckpointSender::run(const std::stop_token& stop) {
  while (true) {
    std::optional<Offer> offer;
    {
      std::unique_lock lock(mutex_);
      if (!offered_.wait(lock, stop, [this] { return newest_.has_value(); })) return;
    }
    if (!pause_.wait(stop)) return;
    {
      const std::scoped_lock lock(mutex_);
      offer = std::exchange(newest_, std::nullopt);
    }
    send(*offer, stop);
    drop(offer->file);
  }
}

void CheckpointSender::send(const Offer& offer, const std::stop_token& stop) {
  std::error_code failure;
  const auto bytes = std::filesystem::file_size(offer.file, failure);
  const auto sha256 =
      failure ? Error{ErrorCode::kUnavailable, failure.message()} : cache_.send(offer.file, stop);
  if (sha256) {
    on_sent_({sha256.value(), static_cast<std::int64_t>(bytes), offer.step});
  } else if (!stop.stop_requested()) {
    // The task goes on: only less of it is safe.
    spdlog::warn("a checkpoint was not sent: {}", sha256.error().message);
  }
}

}  // namespace pare::worker
