#include "coordinator/access/token_book.h"

#include <gtest/gtest.h>

#include <thread>

#include "coordinator/access/token_text.h"
#include "tests/support/postgres_store.h"
#include "tests/support/store_helpers.h"
#include "wire/sha256.h"

namespace pare::coordinator {
namespace {

class Book : public testing::Test {
 protected:
  // A token with this scope; its Authorization header.
  std::string token(const std::string& name, Scope scope,
                    std::optional<std::chrono::seconds> lifetime = {}) {
    const std::string text = make_token_text().value();
    NewToken wanted{name, "ada", wire::sha256_hex(text), {}, lifetime};
    wanted.scopes.add(scope);
    ok(store_->add_token(wanted));
    return "Bearer " + text;
  }
  TokenBook::Options options() const {
    TokenBook::Options out;
    out.every = std::chrono::hours(1);  // nothing happens unless it is called
    out.burst = 3;
    out.rate = 2;
    out.log = [](const std::string&) {};
    return out;
  }
  static int status(const Admission& admission) {
    const auto* refusal = std::get_if<Refusal>(&admission);
    return refusal == nullptr ? 200 : refusal->status;
  }

  std::unique_ptr<Store> store_ = empty_store();
};

TEST_F(Book, a_token_lets_in_whoever_shows_it_and_says_what_they_may) {
  const std::string reader = token("reader", Scope::kRead);
  TokenBook book(*store_, options());
  ok(book.read());
  const Admission admission = book.who(reader);
  ASSERT_EQ(status(admission), 200);
  const auto& principal = std::get<Principal>(admission);
  EXPECT_EQ(principal.owner, "ada");
  EXPECT_TRUE(principal.scopes.has(Scope::kRead));
  EXPECT_FALSE(principal.scopes.has(Scope::kSubmit));
  EXPECT_EQ(status(book.who("bearer " + reader.substr(7))), 200);
}

TEST_F(Book, what_is_no_valid_token_lets_nobody_in) {
  const std::string good = token("good", Scope::kAdmin);
  const std::string old = token("old", Scope::kAdmin, std::chrono::seconds(-1));
  TokenBook book(*store_, options());
  ok(book.read());
  for (const std::string& shown :
       {std::string(), std::string("Bearer "), std::string("Bearer pare_"), "Basic " + good,
        good + "A", good.substr(0, good.size() - 1), old, std::string(100'000, 'x')}) {
    EXPECT_EQ(status(book.who(shown)), 401) << shown.substr(0, 80);
  }
}

TEST_F(Book, a_revoked_token_ends_when_the_book_is_read) {
  const std::string shown = token("laptop", Scope::kRead);
  TokenBook book(*store_, options());
  ok(book.read());
  ok(store_->revoke_token("laptop"));
  EXPECT_EQ(status(book.who(shown)), 200);
  ok(book.read());
  EXPECT_EQ(status(book.who(shown)), 401);
}

TEST_F(Book, a_token_that_asks_too_often_waits_and_no_other_does) {
  const std::string busy = token("busy", Scope::kRead), other = token("other", Scope::kRead);
  TokenBook book(*store_, options());
  ok(book.read());
  TokenBook::Clock::time_point now = TokenBook::Clock::now() + std::chrono::hours(1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status(book.admit(busy, now)), 200) << i;
  EXPECT_EQ(status(book.admit(busy, now)), 429);
  EXPECT_EQ(status(book.admit(other, now)), 200);
  ok(book.read());  // does not fill the bucket
  EXPECT_EQ(status(book.admit(busy, now)), 429);
  now += std::chrono::milliseconds(600);  // one request at two a second
  EXPECT_EQ(status(book.admit(busy, now)), 200);
  EXPECT_EQ(status(book.admit(busy, now)), 429);
  EXPECT_EQ(status(book.who(busy)), 200);  // asks for nothing
}

TEST_F(Book, what_was_noted_is_written_and_a_refusal_that_comes_again_counts_up) {
  const std::string shown = token("laptop", Scope::kAdmin);
  TokenBook book(*store_, options());
  ok(book.read());
  const auto principal = std::get<Principal>(book.who(shown));
  book.note(&principal, "POST", "/v1/jobs", 201);
  book.note(&principal, "POST", "/v1/jobs", 201);
  for (int i = 0; i < 5; ++i) book.note(nullptr, "GET", "/v1/jobs", 401);
  book.note(nullptr, "GET", "/v1/jobs/" + std::string(10'000, '7'), 401);
  book.flush();
  const auto written = ok(store_->audit({}));
  ASSERT_EQ(written.size(), 4U);
  EXPECT_EQ(written[0].token, "laptop");
  EXPECT_EQ(written[0].owner, "ada");
  EXPECT_EQ(written[1].times, 1);
  EXPECT_EQ(written[2].times, 5);
  EXPECT_EQ(written[2].status, 401);
  EXPECT_LE(written[3].path.size(), 500U);
}

TEST_F(Book, what_was_noted_last_is_written_at_the_end) {
  {
    TokenBook book(*store_, options());
    book.note(nullptr, "DELETE", "/v1/tokens/x", 401);
  }
  EXPECT_EQ(ok(store_->audit({})).size(), 1U);
}

TEST(TokenText, is_long_random_and_fit_for_a_header) {
  const std::string one = make_token_text().value(), other = make_token_text().value();
  EXPECT_NE(one, other);
  EXPECT_EQ(one.size(), 5 + 43U);
  EXPECT_TRUE(one.starts_with("pare_"));
  EXPECT_EQ(
      one.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos);
}

}  // namespace
}  // namespace pare::coordinator
