#include "tests/coordinator/store_pg/store_test.h"

namespace pare::coordinator {
namespace {

using PgStoreAccess = StoreTest;

NewToken token_of(const std::string& name, char digest, Scope scope = Scope::kRead) {
  NewToken token;
  token.name = name;
  token.owner = "ada";
  token.sha256 = sha(digest);
  token.scopes.add(scope);
  return token;
}

TEST_F(PgStoreAccess, a_token_is_kept_as_it_was_made) {
  NewToken wanted = token_of("laptop", 'a');
  wanted.scopes.add(Scope::kSubmit);
  wanted.lifetime = std::chrono::seconds(90);
  const Token made = ok(store().add_token(wanted));
  EXPECT_EQ(made.name, "laptop");
  EXPECT_EQ(made.owner, "ada");
  EXPECT_EQ(made.sha256, sha('a'));
  EXPECT_EQ(made.scopes, wanted.scopes);
  EXPECT_EQ(made.created_at, now_);
  EXPECT_EQ(made.expires_at, now_ + std::chrono::seconds(90));
  EXPECT_FALSE(made.revoked_at || made.used_at);
  const auto all = ok(store().tokens(false));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].scopes, wanted.scopes);
}

TEST_F(PgStoreAccess, a_name_is_free_again_once_its_token_is_revoked) {
  ok(store().add_token(token_of("laptop", 'a')));
  const auto again = store().add_token(token_of("laptop", 'b'));
  EXPECT_EQ(code(again), ErrorCode::kConflict);
  EXPECT_NE(again.error().message.find("laptop"), std::string::npos);
  EXPECT_EQ(ok(store().revoke_token("laptop")).revoked_at, now_);
  EXPECT_EQ(code(store().revoke_token("laptop")), ErrorCode::kNotFound);
  EXPECT_EQ(ok(store().tokens(false)).size(), 0U);
  ok(store().add_token(token_of("laptop", 'b')));
  EXPECT_EQ(ok(store().tokens(true)).size(), 2U);
}

TEST_F(PgStoreAccess, the_last_use_of_a_token_never_goes_back) {
  const Token made = ok(store().add_token(token_of("laptop", 'a')));
  using Seconds = std::chrono::duration<double>;
  ok(store().note_token_use({{made.id, Seconds(5)}, {made.id + 1, Seconds(1)}}));
  EXPECT_EQ(ok(store().tokens(false))[0].used_at, now_ - std::chrono::seconds(5));
  ok(store().note_token_use({{made.id, Seconds(60)}}));
  EXPECT_EQ(ok(store().tokens(false))[0].used_at, now_ - std::chrono::seconds(5));
}

TEST_F(PgStoreAccess, a_code_lets_one_worker_join_once_and_in_time) {
  const std::string key(40, 'k'), other(40, 'o');
  const auto until = ok(store().add_enrolment({sha('c'), "board", "ada", std::chrono::hours(1)}));
  EXPECT_EQ(until, now_ + std::chrono::hours(1));
  EXPECT_EQ(code(store().join(sha('x'), key, sha('1'))), ErrorCode::kNotFound);
  const Token joined = ok(store().join(sha('c'), key, sha('1')));
  EXPECT_EQ(joined.name, "worker-board");
  EXPECT_EQ(joined.owner, "ada");
  EXPECT_TRUE(joined.scopes.says(Scope::kWorker));
  EXPECT_FALSE(joined.scopes.has(Scope::kRead));
  EXPECT_EQ(code(store().join(sha('c'), other, sha('2'))), ErrorCode::kNotFound);
  const auto keys = ok(store().worker_keys());
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].public_key, key);
  EXPECT_EQ(keys[0].worker, "worker-board");
  ok(store().revoke_token("worker-board"));
  EXPECT_TRUE(ok(store().worker_keys()).empty());
  ok(store().add_enrolment({sha('d'), "board", "ada", std::chrono::minutes(1)}));
  pass(std::chrono::minutes(2));
  EXPECT_EQ(code(store().join(sha('d'), other, sha('3'))), ErrorCode::kNotFound);
}

TEST_F(PgStoreAccess, a_worker_that_joins_again_is_known_by_its_new_key_alone) {
  ok(store().add_enrolment({sha('c'), "board", "ada", std::chrono::hours(1)}));
  ok(store().add_enrolment({sha('d'), "board", "ada", std::chrono::hours(1)}));
  ok(store().add_enrolment({sha('e'), "other", "ada", std::chrono::hours(1)}));
  ok(store().join(sha('c'), std::string(40, '1'), sha('1')));
  ok(store().join(sha('d'), std::string(40, '2'), sha('2')));
  const auto keys = ok(store().worker_keys());
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].public_key, std::string(40, '2'));
  // The key of another one is refused, and the code is still good.
  EXPECT_EQ(code(store().join(sha('e'), std::string(40, '2'), sha('3'))), ErrorCode::kConflict);
  ok(store().join(sha('e'), std::string(40, '3'), sha('3')));
}

TEST_F(PgStoreAccess, what_was_asked_is_read_in_its_order_page_by_page) {
  const Token made = ok(store().add_token(token_of("laptop", 'a')));
  NewAuditEntry job{std::chrono::duration<double>(2), made.id, "ada", "POST", "/v1/jobs", 201, 1};
  NewAuditEntry stranger{{}, std::nullopt, "", "DELETE", "/v1/tokens/laptop", 401, 7};
  ok(store().add_audit({job, stranger}));
  const auto first = ok(store().audit({0, 1}));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].token, "laptop");
  EXPECT_EQ(first[0].at, now_ - std::chrono::seconds(2));
  const auto second = ok(store().audit({first[0].cursor, 10}));
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].token, "");
  EXPECT_EQ(second[0].status, 401);
  EXPECT_EQ(second[0].times, 7);
  EXPECT_EQ(second[0].path, "/v1/tokens/laptop");
}

}  // namespace
}  // namespace pare::coordinator
