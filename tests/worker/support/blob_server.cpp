#include "tests/worker/support/blob_server.h"

#include <httplib.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "wire/sha256.h"

namespace pare::worker::test {

struct BlobServer::Thread {
  std::thread running;
};

BlobServer::BlobServer() : server_(std::make_unique<httplib::Server>()) {
  constexpr const char* kRoute = R"(/v1/blobs/([0-9a-f]{64}))";
  server_->set_pre_routing_handler([this](const httplib::Request&, httplib::Response& response) {
    if (away_ <= 0) return httplib::Server::HandlerResponse::Unhandled;
    --away_;
    response.status = 503;
    return httplib::Server::HandlerResponse::Handled;
  });
  server_->Get(kRoute, [this](const httplib::Request& request, httplib::Response& response) {
    const std::scoped_lock lock(mutex_);
    const auto at = blobs_.find(request.matches[1]);
    if (at == blobs_.end()) {
      response.status = 404;
      return;
    }
    if (request.method == "HEAD") return;
    ++gets_;
    ranges_.push_back(request.get_header_value("Range"));
    std::size_t budget = at->second.size();
    if (breaks_ > 0) {
      --breaks_;
      budget = break_after_;
    }
    response.set_content_provider(
        at->second.size(), "application/octet-stream",
        [bytes = at->second, budget](std::size_t offset, std::size_t length,
                                     httplib::DataSink& sink) mutable {
          const std::size_t now = std::min(length, budget);
          if (now == 0) return false;
          budget -= now;
          return sink.write(bytes.data() + offset, now);
        });
  });
  server_->Put(kRoute, [this](const httplib::Request& request, httplib::Response& response) {
    const std::scoped_lock lock(mutex_);
    ++puts_;
    const std::string name = request.matches[1];
    response.status = wire::sha256_hex(request.body) == name ? 201 : 400;
    if (response.status == 201) blobs_[name] = request.body;
  });
  port_ = server_->bind_to_any_port("127.0.0.1");
  thread_ = std::make_unique<Thread>(Thread{std::thread([this] { server_->listen_after_bind(); })});
  while (!server_->is_running()) std::this_thread::yield();  // it forgets a stop() before that
}

BlobServer::~BlobServer() {
  server_->stop();
  thread_->running.join();
}

std::string BlobServer::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

std::string BlobServer::put(const std::string& bytes) {
  const std::scoped_lock lock(mutex_);
  const std::string name = wire::sha256_hex(bytes);
  blobs_[name] = bytes;
  return name;
}

std::string BlobServer::blob(const std::string& sha256) const {
  const std::scoped_lock lock(mutex_);
  const auto at = blobs_.find(sha256);
  return at == blobs_.end() ? "" : at->second;
}

void BlobServer::spoil(const std::string& sha256) {
  const std::scoped_lock lock(mutex_);
  blobs_[sha256] = "these are other bytes";
}

void BlobServer::break_off(std::size_t bytes, int times) {
  const std::scoped_lock lock(mutex_);
  break_after_ = bytes;
  breaks_ = times;
}

std::vector<std::string> BlobServer::ranges() const {
  const std::scoped_lock lock(mutex_);
  return ranges_;
}

}  // namespace pare::worker::test
