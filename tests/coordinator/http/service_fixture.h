// A service without a socket: routes over an empty store and blobs in a folder.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

#include "coordinator/http/api.h"
#include "tests/support/postgres_store.h"

namespace pare::coordinator {

inline constexpr const char* kSession = "00000000-0000-4000-8000-000000000001";  // of a worker

class ServiceFixture : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("http_") + info->test_suite_name() + "_" + info->name());
    std::filesystem::remove_all(folder_);
    blobs_.emplace(BlobStore::open(folder_, Bytes{1 << 20}).value());
    services_.emplace(Services{*store_, views_, *blobs_, [this] { ++wakes_; }});
    routes_ = make_routes(*services_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Calls the handler, as the server would.
  Response call(const std::string& method, const std::string& target, const std::string& body = "",
                const std::string& key = "") {
    Request request;
    request.method = method;
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    std::istringstream query(mark == std::string::npos ? "" : target.substr(mark + 1));
    for (std::string name, value; std::getline(query, name, '=');) {
      std::getline(query, value, '&');
      request.query[name] = value;
    }
    request.body = body;
    request.size = Bytes{static_cast<std::int64_t>(body.size())};
    request.stream = [body](const auto& sink) { return sink(body); };
    request.idempotency_key = key;
    auto match = std::get<RouteMatch>(routes_.find(method, request.path));
    request.captures = match.captures;
    return match.route->handler(request);
  }

  // /healthz, once the store's monitor has seen so much.
  nlohmann::json health_with(const std::string& name, int count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (true) {
      nlohmann::json health = json_of(call("GET", "/healthz"));
      if (health.value(name, 0) == count || std::chrono::steady_clock::now() > deadline) {
        return health;
      }
      std::this_thread::yield();
    }
  }

  static nlohmann::json json_of(const Response& response) {
    return nlohmann::json::parse(response.body);
  }

  std::filesystem::path folder_;
  std::unique_ptr<Store> store_ = empty_store();
  JobViews views_{*store_};
  std::optional<BlobStore> blobs_;
  std::optional<Services> services_;
  RouteTable routes_;
  int wakes_ = 0;
};

}  // namespace pare::coordinator
