#include "worker/agent/mailbox.h"

#include <utility>

namespace pare::worker {

template <typename Change>
void Mailbox::post(Key task, Change change) {
  const std::scoped_lock lock(mutex_);
  change(news_[task]);
  bell_.ring();
}

void Mailbox::post_progress(Key task, double share, const std::string& message) {
  post(task, [&](TaskNews& news) { news.progress = {share, message}; });
}

void Mailbox::post_point(Key task, const SeriesPoint& point) {
  post(task, [&](TaskNews& news) {
    if (news.points.size() == kMostPointsAtOnce) news.points.erase(news.points.begin());
    news.points.push_back(point);
  });
}

void Mailbox::post_checkpoint(Key task, const Checkpoint& checkpoint) {
  post(task, [&](TaskNews& news) { news.checkpoint = checkpoint; });
}

void Mailbox::post_suspension(Key task, int suspension) {
  post(task, [&](TaskNews& news) { news.suspension = suspension; });
}

void Mailbox::post_end(Key task, std::optional<std::string> outcome) {
  post(task, [&](TaskNews& news) {
    news.ended = true;
    news.outcome = std::move(outcome);
  });
}

std::map<Mailbox::Key, TaskNews> Mailbox::take() {
  const std::scoped_lock lock(mutex_);
  bell_.silence();
  return std::exchange(news_, {});
}

}  // namespace pare::worker
