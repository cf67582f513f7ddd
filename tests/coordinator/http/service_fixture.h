// A service without a socket: routes over an empty store and blobs in a folder.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

#include "coordinator/http/api.h"
#include "coordinator/http/openapi.h"
#include "coordinator/http/problem.h"
#include "tests/support/json_schema.h"
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
    routes_ = make_checked_routes();
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

  // What is answered is what the route says of itself, and what was taken is, too.
  static void expect_described(const Route& route, const Request& request,
                               const Response& response) {
    if (!route.doc) return;
    const RouteDoc& doc = *route.doc;
    const std::string what = route.method + " " + route.pattern + " " + request.body + "\n" +
                             std::to_string(response.status) + " " + response.body;
    if (response.content_type == "application/problem+json") {
      EXPECT_TRUE(refusals_of(route).contains(response.status)) << what;
      EXPECT_EQ(why_not(problem_schema(), response.body), "") << what;
      return;
    }
    if (doc.takes) {
      EXPECT_EQ(why_not(*doc.takes, request.body), "") << what;
    }
    if (response.file) {
      EXPECT_TRUE(doc.file) << what;
      return;
    }
    if (!doc.text.empty()) {
      EXPECT_EQ(response.content_type, doc.text + "; charset=utf-8") << what;
      return;
    }
    EXPECT_EQ(response.content_type, "application/json");
    const auto given = doc.gives.find(response.status);
    ASSERT_NE(given, doc.gives.end()) << what;
    EXPECT_EQ(why_not(given->second, response.body), "") << what;
  }

  // The routes, each of which sees to it that it does as it says.
  RouteTable make_checked_routes() const {
    RouteTable checked;
    const RouteTable made = make_routes(*services_);
    for (Route route : made.routes()) {
      const auto said = std::make_shared<const Route>(route);  // owners: the handler
      route.handler = [said](const Request& request) {
        const Response response = said->handler(request);
        expect_described(*said, request, response);
        return response;
      };
      checked.add(std::move(route));
    }
    return checked;
  }

  // Made once each: there are few, and every answer is looked at.
  static std::string why_not(const wire::Schema& schema, const std::string& document) {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    static std::map<std::string, std::unique_ptr<JsonSchema>> made;
    std::unique_ptr<JsonSchema>& held = made[schema.json().dump()];
    if (!held) held = std::make_unique<JsonSchema>(schema.json(), schema.parts());
    return held->why_not(nlohmann::json::parse(document));
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
