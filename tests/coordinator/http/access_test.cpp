// Who may ask what: every route with every scope, and what is written down of it.
#include <gtest/gtest.h>
#include <httplib.h>

#include <map>
#include <set>

#include "coordinator/access/token_text.h"
#include "coordinator/http/server.h"
#include "service_fixture.h"
#include "tests/support/store_helpers.h"
#include "wire/sha256.h"

namespace pare::coordinator {
namespace {

using nlohmann::json;

// Said once more than in the routes: who may ask each.  "" asks for no token, "*" for any.
const std::map<std::string, std::set<std::string>>& may_ask() {
  static const std::set<std::string> read = {"read", "admin"}, submit = {"submit", "admin"},
                                     admin = {"admin"}, any = {"*"};
  static const std::map<std::string, std::set<std::string>> table = {
      {"GET /healthz", {""}},
      {"GET /livez", {""}},
      {"GET /readyz", {""}},
      {"GET /metrics", read},
      {"GET /v1/openapi.json", {""}},
      {"GET /v1/whoami", any},
      {"PUT /v1/blobs/{sha256}", {"submit", "worker", "admin"}},
      {"GET /v1/blobs/{sha256}", {"read", "worker", "admin"}},
      {"PUT /v1/models", submit},
      {"GET /v1/models", read},
      {"GET /v1/models/{model}", read},
      {"GET /v1/models/{model}/file", read},
      {"PUT /v1/datasets", submit},
      {"GET /v1/datasets", read},
      {"GET /v1/datasets/{dataset}", read},
      {"POST /v1/targets", admin},
      {"GET /v1/targets", read},
      {"GET /v1/targets/{target}", read},
      {"GET /v1/workers", read},
      {"POST /v1/jobs", submit},
      {"GET /v1/jobs", read},
      {"GET /v1/jobs/{job}", read},
      {"GET /v1/jobs/{job}/checks", read},
      {"POST /v1/jobs/{job}/cancel", submit},
      {"POST /v1/jobs/{job}/pause", submit},
      {"POST /v1/jobs/{job}/resume", submit},
      {"POST /v1/jobs/{job}/priority", submit},
      {"GET /v1/jobs/{job}/tasks", read},
      {"GET /v1/tasks/{task}/series", read},
      {"GET /v1/jobs/{job}/trials", read},
      {"GET /v1/jobs/{job}/trials/summaries", read},
      {"GET /v1/jobs/{job}/trials/{trial}/samples/{target}", read},
      {"GET /v1/jobs/{job}/fronts/{target}", read},
      {"GET /v1/jobs/{job}/front", read},
      {"POST /v1/jobs/{job}/predict", read},
      {"GET /v1/plans/{plan}", read},
      {"GET /v1/candidates/{candidate}", read},
      {"GET /v1/candidates/{candidate}/file", read},
      {"GET /v1/candidates/{candidate}/report", read},
      {"GET /v1/jobs/{job}/report.html", read},
      {"GET /v1/jobs/{job}/report.md", read},
      {"GET /v1/comparisons/{comparison}/report.html", read},
      {"GET /v1/comparisons/{comparison}/report.md", read},
      {"POST /v1/comparisons", submit},
      {"GET /v1/comparisons", read},
      {"GET /v1/comparisons/{comparison}", read},
      {"PUT /v1/supernets", submit},
      {"GET /v1/supernets", read},
      {"GET /v1/supernets/{supernet}", read},
      {"GET /v1/supernets/{supernet}/file", read},
      {"POST /v1/tokens", admin},
      {"GET /v1/tokens", admin},
      {"DELETE /v1/tokens/{token}", admin},
      {"GET /v1/audit", admin},
      {"POST /v1/workers/enrolments", admin},
      {"POST /v1/workers/join", {""}},
      {"GET /", {""}},
      {"GET /jobs", {""}},
      {"GET /jobs/{job}", {""}},
      {"GET /plans/{plan}", {""}},
      {"GET /candidates/{candidate}", {""}},
      {"GET /models", {""}},
      {"GET /models/{model}", {""}},
      {"GET /datasets", {""}},
      {"GET /datasets/{dataset}", {""}},
      {"GET /fleet", {""}},
      {"GET /comparisons", {""}},
      {"GET /comparisons/{comparison}", {""}},
      {"GET /new", {""}},
      {"GET /system", {""}},
      {"GET /assets/{file}", {""}},
  };
  return table;
}

// Each {name} as a number, which any of them may be.
std::string path_of(const std::string& pattern) {
  std::string path;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{') {
      path += pattern[i];
      continue;
    }
    path += '1';
    i = pattern.find('}', i);
  }
  return path;
}

class Access : public ServiceFixture {
 protected:
  void SetUp() override {
    ServiceFixture::SetUp();
    TokenBook::Options options;
    options.burst = 100'000;
    options.log = [](const std::string&) {};
    book_.emplace(*store_, options);
    ok(book_->read());
    services_->tokens = &*book_;
    ServerOptions server;
    server.port = 0;
    server.tokens = &*book_;
    server_.emplace(make_checked_routes(), server);
    port_ = server_->start().value();
  }
  void TearDown() override {
    server_.reset();
    book_.reset();
    ServiceFixture::TearDown();
  }

  std::string token(const std::string& scope, const std::string& owner = "ada") {
    const std::string text = make_token_text().value();
    NewToken wanted{scope + "-" + owner, owner, wire::sha256_hex(text), {}, {}};
    wanted.scopes.add(scope_named(scope).value());
    ok(store_->add_token(wanted));
    ok(book_->read());
    return text;
  }
  httplib::Client client(const std::string& token) const {
    httplib::Client made("127.0.0.1", port_);
    made.set_keep_alive(true);
    if (!token.empty()) made.set_bearer_token_auth(token);
    return made;
  }
  static int ask(httplib::Client& client, const Route& route) {
    httplib::Request request;
    request.method = route.method;
    request.path = path_of(route.pattern);
    if (route.body == Body::kJson) {
      request.body = "{}";
      request.headers.emplace("Content-Type", "application/json");
    }
    const auto answer = client.send(request);
    return answer ? answer->status : 0;
  }

  std::optional<TokenBook> book_;
  std::optional<HttpServer> server_;
  int port_ = 0;
};

TEST_F(Access, every_route_answers_the_scopes_that_it_says_and_no_others) {
  std::map<std::string, std::string> tokens = {{"", ""}, {"unknown", "pare_nobody"}};
  for (const auto& [scope, name] : kScopeNames)
    tokens[std::string(name)] = token(std::string(name));
  for (const auto& [scope, text] : tokens) {
    auto asks = client(text);
    for (const Route& route : routes_.routes()) {
      const std::string what = route.method + " " + route.pattern;
      const auto known = may_ask().find(what);
      ASSERT_NE(known, may_ask().end()) << what << " is missing in this table";
      const bool open = known->second.contains("");
      const bool valid = !scope.empty() && scope != "unknown";
      const bool allowed = known->second.contains("*") || known->second.contains(scope);
      const int status = ask(asks, route);
      const std::string who = what + " with '" + scope + "'";
      EXPECT_NE(status, 0) << who;
      EXPECT_EQ(status == 401, !open && !valid) << who << ": " << status;
      EXPECT_EQ(status == 403, !open && valid && !allowed) << who << ": " << status;
    }
  }
}

// Nobody's, a stranger's and an administrator's requests for what belongs to ada.
TEST_F(Access, what_belongs_to_somebody_only_they_and_administrators_change) {
  const auto job_of = [&](const std::string& owner) {
    const json document = {
        {"model", std::string(64, 'a')}, {"dataset", std::string(64, 'd')}, {"targets", {"x86"}}};
    const JobDraft draft{
        document.dump(), std::string(64, 'a'), std::string(64, 'd'), {"x86"}, 1, {}, owner};
    return std::to_string(ok(store_->add_job(draft, std::nullopt)).value.id.value);
  };
  ok(store_->add_model({"net", std::string(64, 'a'), "{}", "ada"},
                       task_of_kind(TaskKind::kInspectModel)));
  Target target;
  target.name = "x86";
  target.runtime = "ort";
  ok(store_->add_target(target));
  ok(store_->add_dataset({"photos", std::string(64, 'd'), "ada"},
                         task_of_kind(TaskKind::kInspectDataset)));
  auto stranger = client(token("submit", "grace")), owner = client(token("submit", "ada")),
       admin = client(token("admin", "root"));
  const std::string first = job_of("ada"), second = job_of("ada"), old = job_of("");
  const auto cancel = [](httplib::Client& who, const std::string& job) {
    return who.Post("/v1/jobs/" + job + "/cancel", "", "application/json")->status;
  };
  EXPECT_EQ(cancel(stranger, first), 403);
  EXPECT_EQ(cancel(owner, first), 200);
  EXPECT_EQ(cancel(admin, second), 200);
  EXPECT_EQ(cancel(stranger, old), 200);
  EXPECT_EQ(ok(store_->job(JobId{std::stoll(first)})).owner, "ada");
  EXPECT_EQ(ok(store_->model("net")).owner, "ada");
  EXPECT_EQ(ok(store_->dataset("photos")).owner, "ada");
}

TEST_F(Access, what_is_refused_says_how_to_ask) {
  auto nobody = client("");
  const auto answer = nobody.Get("/v1/jobs");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 401);
  EXPECT_EQ(answer->get_header_value("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(json::parse(answer->body)["type"], "urn:pare:problem:unauthenticated");
  auto reader = client(token("read"));
  const auto refused = reader.Post("/v1/jobs", "{}", "application/json");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 403);
  EXPECT_NE(refused->body.find("submit"), std::string::npos);
}

TEST_F(Access, a_token_is_made_shown_once_used_and_revoked_at_once) {
  auto admin = client(token("admin", "root"));
  const auto made = admin.Post(
      "/v1/tokens", R"({"name":"laptop","owner":"grace","scopes":["read","submit"],"days":2})",
      "application/json");
  ASSERT_TRUE(made);
  ASSERT_EQ(made->status, 201) << made->body;
  const json view = json::parse(made->body);
  EXPECT_EQ(view["scopes"], json({"read", "submit"}));
  EXPECT_TRUE(view.contains("expires_at"));
  const std::string text = view["token"];
  auto laptop = client(text);
  const auto who = laptop.Get("/v1/whoami");
  ASSERT_TRUE(who);
  EXPECT_EQ(json::parse(who->body),
            json({{"access", "tokens"}, {"owner", "grace"}, {"scopes", {"read", "submit"}}}));
  const auto listed = admin.Get("/v1/tokens");
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->body.find(text), std::string::npos);
  EXPECT_NE(listed->body.find("laptop"), std::string::npos);
  EXPECT_EQ(admin.Post("/v1/tokens", R"({"name":"laptop","scopes":["read"]})", "application/json")
                ->status,
            409);
  EXPECT_EQ(admin.Delete("/v1/tokens/laptop")->status, 200);
  EXPECT_EQ(laptop.Get("/v1/whoami")->status, 401);
  EXPECT_NE(admin.Get("/v1/tokens?revoked=true")->body.find("laptop"), std::string::npos);
  EXPECT_EQ(admin.Get("/v1/tokens?revoked=maybe")->status, 400);
  EXPECT_EQ(admin.Delete("/v1/tokens/laptop")->status, 404);
}

TEST_F(Access, a_token_that_is_asked_for_wrongly_is_refused_with_the_field) {
  auto admin = client(token("admin"));
  for (const auto& [body, field] :
       std::map<std::string, std::string>{{R"({"scopes":["read"]})", "name"},
                                          {R"({"name":"a b","scopes":["read"]})", "name"},
                                          {R"({"name":"a","scopes":[]})", "scopes"},
                                          {R"({"name":"a","scopes":["root"]})", "scopes"},
                                          {R"({"name":"a","scopes":["read"],"days":-1})", "days"},
                                          {R"({"name":"a","scopes":["read"],"sope":1})", "sope"}}) {
    const auto answer = admin.Post("/v1/tokens", body, "application/json");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400) << body;
    EXPECT_EQ(json::parse(answer->body)["field"], field) << answer->body;
  }
}

TEST_F(Access, what_changed_something_or_was_refused_is_written_down) {
  auto admin = client(token("admin", "root"));
  auto nobody = client("");
  nobody.Get("/v1/jobs");
  admin.Get("/v1/jobs");
  admin.Post("/v1/targets", R"({"name":"x86","runtime":"ort","precisions":["fp32"]})",
             "application/json");
  book_->flush();
  const auto answer = admin.Get("/v1/audit");
  ASSERT_TRUE(answer);
  const json items = json::parse(answer->body)["items"];
  ASSERT_EQ(items.size(), 2U) << items;
  EXPECT_EQ(items[0]["status"], 401);
  EXPECT_FALSE(items[0].contains("owner"));
  EXPECT_EQ(items[1]["method"], "POST");
  EXPECT_EQ(items[1]["path"], "/v1/targets");
  EXPECT_EQ(items[1]["owner"], "root");
  EXPECT_EQ(items[1]["token"], "admin-root");
}

TEST_F(Access, whoever_revokes_their_own_token_is_written_down) {
  token("admin", "other");
  auto admin = client(token("admin", "root"));
  EXPECT_EQ(admin.Delete("/v1/tokens/admin-root")->status, 200);
  book_->flush();
  const auto written = ok(store_->audit({}));
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].owner, "root");
  EXPECT_EQ(written[0].token, "admin-root");
}

TEST_F(Access, a_worker_joins_with_a_code_and_may_fetch_blobs_alone) {
  services_->link = {std::string(40, 's'), 7071};
  auto admin = client(token("admin", "root")), nobody = client("");
  const auto code = admin.Post("/v1/workers/enrolments", R"({"name":"board"})", "application/json");
  ASSERT_TRUE(code);
  ASSERT_EQ(code->status, 201) << code->body;
  const json asked = {{"code", json::parse(code->body)["code"]},
                      {"public_key", std::string(40, 'k')}};
  const auto joined = nobody.Post("/v1/workers/join", asked.dump(), "application/json");
  ASSERT_TRUE(joined);
  ASSERT_EQ(joined->status, 201) << joined->body;
  const json identity = json::parse(joined->body);
  EXPECT_EQ(identity["server_key"], std::string(40, 's'));
  EXPECT_EQ(identity["port"], 7071);
  EXPECT_EQ(book_->worker_of(std::string(40, 'k')), "worker-board");
  auto worker = client(identity["token"]);
  EXPECT_EQ(worker.Get("/v1/blobs/" + std::string(64, 'a'))->status, 404);
  EXPECT_EQ(worker.Get("/v1/jobs")->status, 403);
  EXPECT_EQ(nobody.Post("/v1/workers/join", asked.dump(), "application/json")->status, 404);
  EXPECT_EQ(admin.Delete("/v1/tokens/worker-board")->status, 200);
  EXPECT_FALSE(book_->worker_of(std::string(40, 'k')).has_value());
  const json odd = {{"code", "x"}, {"public_key", "short"}};
  EXPECT_EQ(nobody.Post("/v1/workers/join", odd.dump(), "application/json")->status, 400);
}

TEST_F(Access, whoever_has_a_token_may_come_by_any_name_of_the_service) {
  auto reader = client(token("read"));
  reader.set_default_headers({{"Host", "pare.lab.example:7070"}});
  EXPECT_EQ(reader.Get("/v1/jobs")->status, 200);
  auto nobody = client("");
  nobody.set_default_headers({{"Host", "pare.lab.example:7070"}});
  EXPECT_EQ(nobody.Get("/v1/jobs")->status, 401);
}

TEST_F(ServiceFixture, a_service_that_asks_for_no_tokens_says_so_and_listens_here_alone) {
  EXPECT_EQ(json_of(call("GET", "/v1/whoami"))["access"], "open");
  ServerOptions options;
  options.port = 0;
  options.host = "0.0.0.0";
  HttpServer server(make_routes(*services_), options);
  const auto started = server.start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("tokens"), std::string::npos);
}

}  // namespace
}  // namespace pare::coordinator
