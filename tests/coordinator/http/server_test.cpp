#include "coordinator/http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "coordinator/http/request_metrics.h"
#include "service_fixture.h"
#include "wire/sha256.h"

namespace pare::coordinator {
namespace {

using nlohmann::json;

// The service on an ephemeral port of the loopback, with limits that a test can reach.
class Server : public ServiceFixture {
 protected:
  void SetUp() override {
    ServiceFixture::SetUp();
    RouteTable routes = make_checked_routes();
    routes.add(
        {"GET", "/v1/throws", Body::kNone, Needs::kNothing, "",
         [](const Request&) -> Response { throw std::runtime_error("secret of the house"); }});
    ServerOptions options;
    options.port = 0;
    options.threads = 12;
    options.max_json = Bytes{1000};
    options.max_upload = Bytes{1 << 20};
    options.gate.head_time = options.gate.grace = std::chrono::milliseconds(1500);
    options.requests = &requests_;
    server_.emplace(std::move(routes), options);
    port_ = server_->start().value();
  }
  void TearDown() override {
    server_.reset();
    ServiceFixture::TearDown();
  }

  httplib::Client client() const { return httplib::Client("127.0.0.1", port_); }

  int connect() const {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return descriptor;
  }

  // Sends bytes as they are and returns what comes back until the server closes, which it does
  // after a request that it refused half-read or that says "Connection: close".
  std::string raw(const std::string& bytes) const {
    const int descriptor = connect();
    EXPECT_EQ(::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    std::string answer;
    char block[4096];
    for (ssize_t n = 0; (n = ::recv(descriptor, block, sizeof block, 0)) > 0;) {
      answer.append(block, static_cast<std::size_t>(n));
    }
    ::close(descriptor);
    return answer;
  }

  // How often a series of requests was counted; its labels as the text format has them.
  double counted(const std::string& labels) const {
    const std::string text = prometheus::TextSerializer().Serialize(requests_.collect());
    const std::string series = "pare_http_requests_total{" + labels + "} ";
    const std::size_t at = text.find(series);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + series.size()));
  }

  RequestMetrics requests_;
  std::optional<HttpServer> server_;
  int port_ = 0;
};

TEST_F(Server, requests_are_counted_by_their_route_and_never_by_what_was_asked) {
  ASSERT_TRUE(client().Get("/v1/models/one"));
  ASSERT_TRUE(client().Get("/v1/models/two"));
  ASSERT_TRUE(client().Get("/v1/throws"));
  ASSERT_TRUE(client().Get("/nowhere"));
  ASSERT_TRUE(client().Get("/elsewhere"));
  EXPECT_EQ(counted(R"(code="404",method="GET",route="/v1/models/{model}")"), 2);
  EXPECT_EQ(counted(R"(code="500",method="GET",route="/v1/throws")"), 1);
  EXPECT_EQ(counted(R"(code="404",method="",route="")"), 2);
  const std::string text = prometheus::TextSerializer().Serialize(requests_.collect());
  EXPECT_NE(text.find(R"(pare_http_request_seconds_count{method="GET",route="/v1/throws"} 1)"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("elsewhere"), std::string::npos);
}

TEST_F(Server, that_it_lives_and_whether_it_can_work_is_asked_apart) {
  const auto life = client().Get("/livez");
  ASSERT_TRUE(life);
  EXPECT_EQ(life->status, 200);
  EXPECT_EQ(client().Get("/readyz")->status, client().Get("/healthz")->status);
}

TEST_F(Server, what_http_itself_refuses_is_a_problem_document_with_the_right_status) {
  const std::string big(2000, 'x');
  const std::string head = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  const std::string typed = "Content-Type: application/json\r\n";
  const std::vector<std::tuple<std::string, int, std::string>> table = {
      {"GET /nowhere" + head + "\r\n", 404, "there is no /nowhere"},
      {"GET /v1/models/a/b/c" + head + "\r\n", 404, "there is no /v1/models/a/b/c"},
      {"DELETE /v1/models" + head + "\r\n", 405, "/v1/models takes GET, HEAD, PUT, not DELETE"},
      {"PATCH /v1/jobs" + head + "Content-Length: 2\r\n\r\n{}", 405,
       "/v1/jobs takes GET, HEAD, POST, not PATCH"},
      {"PUT /v1/models" + head + typed + "\r\n", 411, "the request has no Content-Length"},
      {"PUT /v1/models" + head + typed + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
       411, "send a Content-Length instead of a Transfer-Encoding"},
      {"PUT /v1/models" + head + typed + "Content-Length: -5\r\n\r\n", 400,
       "Content-Length must be one whole number"},
      {"PUT /v1/models" + head + typed + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400,
       "Content-Length must be one whole number"},
      {"PUT /v1/models" + head + typed + "Content-Length: 2000\r\n\r\n" + big, 413,
       "the body has 2000 bytes, the limit is 1000"},
      {"PUT /v1/models" + head + typed + "Content-Length: 9999999999\r\n\r\n", 413,
       "the body has 9999999999 bytes, the limit is 1000"},
      {"PUT /v1/models" + head + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415,
       "the body must be JSON: Content-Type: application/json"},
      {"PUT /v1/models" + head +
           "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 2\r\n\r\n{}",
       415, "the body must be JSON: Content-Type: application/json"},
      {"PUT /v1/models" + head + typed + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
       415, "send the body without a Content-Encoding"},
      {"GET /v1/models" + head + "Content-Length: 2\r\n\r\n{}", 400, "a GET has no body"},
      {"GET /v1/models/%00" + head + "\r\n", 400, "the path is not clean UTF-8"},
      {"GET /v1/models/%ff" + head + "\r\n", 400, "the path is not clean UTF-8"},
      {"GET /v1/models?cursor=%00" + head + "\r\n", 400, "the query is not clean UTF-8"},
      {"GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403,
       "this service answers to localhost and 127.0.0.1 only"},
      {"GET /v1/models HTTP/1.1\r\nHost: 127.evil.com\r\nConnection: close\r\n\r\n", 403,
       "this service answers to localhost and 127.0.0.1 only"},
      {"POST /v1/jobs/1/cancel" + head + "Origin: http://evil.example\r\nContent-Length: 0\r\n\r\n",
       403, "a page of another origin may not change anything here"},
      {"POST /v1/jobs/1/cancel" + head + "Sec-Fetch-Site: cross-site\r\n\r\n", 403,
       "a page of another site may not change anything here"},
      {"PUT /v1/models" + head + typed + "Origin: null\r\nContent-Length: 2\r\n\r\n{}", 403,
       "a page of another origin may not change anything here"},
      {"rubbish\r\n\r\n", 400, "the request cannot be read"},
  };
  for (const auto& [bytes, status, detail] : table) {
    SCOPED_TRACE(bytes.substr(0, 80));
    const std::string answer = raw(bytes);
    EXPECT_EQ(answer.find("HTTP/1.1 " + std::to_string(status)), 0U) << answer;
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << answer;
    const std::size_t body = answer.find("\r\n\r\n");
    ASSERT_NE(body, std::string::npos);
    const json document = json::parse(answer.substr(body + 4), nullptr, false);
    ASSERT_TRUE(document.is_object()) << answer;
    EXPECT_EQ(document["status"], status);
    if (!detail.empty()) {
      EXPECT_EQ(document["detail"], detail);
    }
  }
  EXPECT_EQ(client().Get("/healthz")->status, 200);
}

TEST_F(Server, malformed_json_is_refused_with_the_place_where_it_stops_being_json) {
  const auto answer = client().Put("/v1/models", "{\"name\": ", "application/json");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
  const json document = json::parse(answer->body);
  EXPECT_NE(document["detail"].get<std::string>().find("byte"), std::string::npos) << answer->body;
}

TEST_F(Server, an_exception_is_a_500_that_says_nothing_of_its_text_and_the_service_goes_on) {
  const auto answer = client().Get("/v1/throws");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.find("secret"), std::string::npos) << answer->body;
  EXPECT_EQ(client().Get("/healthz")->status, 200);
}

TEST_F(Server, a_refused_body_is_never_taken_for_the_next_request) {
  const int descriptor = connect();
  const std::string head =
      "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string body = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  char block[4096];
  ASSERT_GT(::send(descriptor, head.data(), head.size(), MSG_NOSIGNAL), 0);
  std::string answer;
  const ssize_t n = ::recv(descriptor, block, sizeof block, 0);
  ASSERT_GT(n, 0);
  answer.assign(block, static_cast<std::size_t>(n));
  EXPECT_EQ(answer.find("HTTP/1.1 404"), 0U);
  (void)::send(descriptor, body.data(), body.size(), MSG_NOSIGNAL);
  for (ssize_t more = 0; (more = ::recv(descriptor, block, sizeof block, 0)) > 0;) {
    answer.append(block, static_cast<std::size_t>(more));
  }
  ::close(descriptor);
  EXPECT_EQ(answer.find("HTTP/1.1 200"), std::string::npos) << answer;
}

TEST_F(Server, a_blob_goes_in_once_and_comes_out_whole_or_in_part) {
  std::string bytes(300'000, ' ');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 % 251);
  const std::string path = "/v1/blobs/" + wire::sha256_hex(bytes);
  auto http = client();
  EXPECT_EQ(http.Get(path)->status, 404);
  EXPECT_EQ(http.Put(path, bytes, "application/octet-stream")->status, 201);
  EXPECT_EQ(http.Put(path, bytes, "application/octet-stream")->status, 200);
  EXPECT_EQ(http.Get(path)->body, bytes);
  EXPECT_EQ(http.Head(path)->get_header_value("Content-Length"), "300000");

  const std::vector<std::tuple<std::string, std::string, std::string>> ranges = {
      {"bytes=0-9", bytes.substr(0, 10), "bytes 0-9/300000"},
      {"bytes=299990-", bytes.substr(299'990), "bytes 299990-299999/300000"},
      {"bytes=-5", bytes.substr(299'995), "bytes 299995-299999/300000"},
      {"bytes=100000-400000", bytes.substr(100'000), "bytes 100000-299999/300000"},
  };
  for (const auto& [range, part, header] : ranges) {
    const auto answer = http.Get(path, {{"Range", range}});
    ASSERT_TRUE(answer) << range;
    EXPECT_EQ(answer->status, 206) << range;
    EXPECT_EQ(answer->body, part) << range;
    EXPECT_EQ(answer->get_header_value("Content-Range"), header);
  }
  for (const char* range : {"bytes=300000-", "bytes=5-1-", "bytes=0-1,4-5", "lines=1-2"}) {
    const auto answer = http.Get(path, {{"Range", range}});
    ASSERT_TRUE(answer) << range;
    EXPECT_EQ(answer->status, 416) << range;
    EXPECT_TRUE(json::parse(answer->body, nullptr, false).is_object()) << answer->body;
  }
}

TEST_F(Server, whoever_has_a_document_already_is_told_that_it_is_the_same) {
  auto asks = client();
  const auto first = asks.Get("/v1/targets");
  ASSERT_TRUE(first);
  const std::string tag = first->get_header_value("ETag");
  ASSERT_FALSE(tag.empty());
  const httplib::Headers known = {{"If-None-Match", tag}};
  const auto same = asks.Get("/v1/targets", known);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->status, 304);
  EXPECT_EQ(same->body, "");
  EXPECT_EQ(same->get_header_value("ETag"), tag);
  ASSERT_EQ(
      asks.Post("/v1/targets", R"({"name":"x86","runtime":"ort"})", "application/json")->status,
      201);
  EXPECT_EQ(asks.Get("/v1/targets", known)->status, 200);
  EXPECT_FALSE(asks.Get("/v1/jobs/99", known)->has_header("ETag"));
}

// The connection goes on behind an answer without a body.
TEST_F(Server, a_304_has_no_length_and_ends_where_its_head_does) {
  const std::string tag = client().Get("/v1/jobs")->get_header_value("ETag");
  const std::string ask = "GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: " + tag;
  const std::string answers = raw(ask + "\r\n\r\n" + ask + "\r\nConnection: close\r\n\r\n");
  const std::size_t second = answers.find("HTTP/1.1 304", 1);
  ASSERT_NE(second, std::string::npos) << answers;
  EXPECT_EQ(answers.find("\r\n\r\n") + 4, second) << answers;
  EXPECT_EQ(answers.find("Content-Length"), std::string::npos) << answers;
}

TEST_F(Server, an_empty_blob_is_a_blob) {
  const std::string path = "/v1/blobs/" + wire::sha256_hex("");
  EXPECT_EQ(client().Put(path, "", "application/octet-stream")->status, 201);
  const auto answer = client().Get(path);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "");
}

TEST_F(Server, bytes_that_are_not_what_their_name_says_are_refused_and_not_kept) {
  const std::string path = "/v1/blobs/" + wire::sha256_hex("abc");
  const auto answer = client().Put(path, "abd", "application/octet-stream");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
  EXPECT_EQ(json::parse(answer->body)["detail"],
            "the bytes sent as blob " + wire::sha256_hex("abc") + " have the SHA-256 " +
                wire::sha256_hex("abd"));
  EXPECT_EQ(client().Get(path)->status, 404);
}

TEST_F(Server, an_upload_over_the_limit_is_a_413_that_the_sender_gets_to_read) {
  const std::string bytes((1 << 20) + 1, 'x');
  const auto answer =
      client().Put("/v1/blobs/" + wire::sha256_hex(bytes), bytes, "application/octet-stream");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
  EXPECT_EQ(json::parse(answer->body)["detail"],
            "the body has 1048577 bytes, the limit is 1048576");
}

TEST_F(Server, an_upload_that_breaks_off_leaves_nothing_and_the_service_goes_on) {
  const std::string name = wire::sha256_hex("abcdef");
  const int descriptor = connect();
  const std::string bytes =
      "PUT /v1/blobs/" + name + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nabc";
  EXPECT_GT(::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  ::close(descriptor);
  EXPECT_EQ(client().Get("/v1/blobs/" + name)->status, 404);
  EXPECT_EQ(client().Put("/v1/blobs/" + name, "abcdef", "application/octet-stream")->status, 201);
}

TEST_F(Server, a_client_that_asks_first_is_told_before_it_sends) {
  const std::string answer = raw("PUT /v1/blobs/" + wire::sha256_hex("x") +
                                 " HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                                 "Content-Length: 99999999999\r\n\r\n");
  EXPECT_EQ(answer.find("HTTP/1.1 413"), 0U) << answer;
}

TEST_F(Server, the_same_blob_sent_by_many_at_once_is_stored_once_and_whole) {
  const std::string bytes(500'000, 'y');
  const std::string path = "/v1/blobs/" + wire::sha256_hex(bytes);
  std::vector<std::thread> senders;
  std::vector<int> statuses(8);
  for (int& status : statuses) {
    senders.emplace_back([&] {
      const auto answer = client().Put(path, bytes, "application/octet-stream");
      status = answer ? answer->status : -1;
    });
  }
  for (std::thread& sender : senders) sender.join();
  for (const int status : statuses) EXPECT_TRUE(status == 200 || status == 201) << status;
  EXPECT_EQ(client().Get(path)->body, bytes);
}

TEST_F(Server, slow_clients_hold_no_thread_and_are_cut_off) {
  // Ten times as many as there are threads, of every kind; each has begun something and stops.
  const std::string head = " HTTP/1.1\r\nHost: localhost\r\n";
  const std::vector<std::string> beginnings = {
      "GET /v1/mod", "GET /v1/models" + head,
      "PUT /v1/models" + head + "Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
      "PUT /v1/blobs/" + wire::sha256_hex("x") + head + "Content-Length: 900000\r\n\r\nxxx"};
  std::vector<int> slow;
  for (int i = 0; i < 120; ++i) {
    slow.push_back(connect());
    const std::string& bytes = beginnings[static_cast<std::size_t>(i) % beginnings.size()];
    ASSERT_GT(::send(slow.back(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  }
  auto http = client();
  http.set_read_timeout(10);  // a thread that reads slowly is held for longer
  for (int i = 0; i < 10; ++i) {
    const auto health = http.Get("/healthz");
    ASSERT_TRUE(health) << "no answer " << i;
    EXPECT_EQ(health->status, 200);
    const std::string bytes(400'000, static_cast<char>('a' + i));
    const std::string path = "/v1/blobs/" + wire::sha256_hex(bytes);
    const auto sent = http.Put(path, bytes, "application/octet-stream");
    ASSERT_TRUE(sent) << "an upload is not taken";
    EXPECT_EQ(sent->status, 201);
    EXPECT_EQ(http.Get(path)->body, bytes);
  }
  for (const int descriptor : slow) {  // until the server closes it
    char block[4096];
    while (::recv(descriptor, block, sizeof block, 0) > 0) {
    }
    ::close(descriptor);
  }
}

TEST_F(Server, who_does_not_read_an_answer_holds_no_thread) {
  const std::string bytes(1 << 20, 'z');
  const std::string path = "/v1/blobs/" + wire::sha256_hex(bytes);
  ASSERT_EQ(client().Put(path, bytes, "application/octet-stream")->status, 201);
  std::string many;
  for (int i = 0; i < 40; ++i) many += "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::vector<int> deaf;
  for (int i = 0; i < 40; ++i) {
    deaf.push_back(connect());
    const int little = 4096;
    ::setsockopt(deaf.back(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    ASSERT_GT(::send(deaf.back(), many.data(), many.size(), MSG_NOSIGNAL), 0);
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client().Get(path)->body, bytes);
  server_->stop();  // and they do not keep it from ending
  for (const int descriptor : deaf) ::close(descriptor);
}

TEST_F(Server, requests_that_come_together_are_answered_in_their_order) {
  std::string many;
  for (int i = 0; i < 300; ++i) {
    many += "GET /v1/models/m" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n";
    many += i == 299 ? "Connection: close\r\n\r\n" : "\r\n";
  }
  const std::string answers = raw(many);
  std::size_t at = 0;
  for (int i = 0; i < 300; ++i) {
    at = answers.find("m" + std::to_string(i), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(Server, a_head_or_a_body_beyond_the_limits_is_refused_before_it_is_whole) {
  const std::string head = " HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(raw("GET /v1/models" + head + "X: " + std::string(17'000, 'x')).find("HTTP/1.1 431"),
            0U);
  EXPECT_EQ(raw("GET /" + std::string(17'000, 'x')).find("HTTP/1.1 431"), 0U);
  std::string many = "GET /v1/models" + head;
  for (int i = 0; i < 200; ++i) many += "a: b\r\n";
  EXPECT_EQ(raw(many + "\r\n").find("HTTP/1.1 400"), 0U);
}

TEST_F(Server, nothing_that_is_nested_is_too_deep_for_it) {
  std::string deep(400, '[');
  deep += std::string(400, ']');
  const auto answer = client().Put("/v1/models", deep, "application/json");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
  std::string longer(7000, '[');
  longer += std::string(7000, ']');
  const auto ranged = client().Get("/v1/blobs/" + wire::sha256_hex("x"), {{"Range", longer}});
  ASSERT_TRUE(ranged);
  EXPECT_LT(ranged->body.size(), 5000U);
  EXPECT_EQ(client().Get("/healthz")->status, 200);
}

TEST_F(Server, a_port_that_is_taken_is_said_to_be) {
  ServerOptions options;
  options.port = port_;
  HttpServer second(make_routes(*services_), options);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(started.error().message.find(std::to_string(port_)), std::string::npos);
}

TEST_F(Server, an_address_that_others_can_reach_is_refused) {
  for (const char* host : {"0.0.0.0", "127.evil.com", "127.0.0.1.evil.com", "localhost.evil.com"}) {
    ServerOptions options;
    options.host = host;
    options.port = 0;
    HttpServer open(make_routes(*services_), options);
    const auto started = open.start();
    ASSERT_FALSE(started) << host;
    EXPECT_EQ(started.error().code, ErrorCode::kInvalidArgument) << host;
  }
}

TEST(HostPort, an_address_is_read_or_refused) {
  EXPECT_EQ(parse_host_port("127.0.0.1:7070").value().port, 7070);
  EXPECT_EQ(parse_host_port("[::1]:0").value().host, "::1");
  for (const char* bad : {"", "7070", ":7070", "localhost", "localhost:x", "localhost:70000"}) {
    EXPECT_FALSE(parse_host_port(bad)) << bad;
  }
}

}  // namespace
}  // namespace pare::coordinator
