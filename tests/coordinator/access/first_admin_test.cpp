#include "coordinator/access/first_admin.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/postgres_store.h"
#include "tests/support/store_helpers.h"
#include "wire/sha256.h"

namespace pare::coordinator {
namespace {

class FirstAdmin : public testing::Test {
 protected:
  FirstAdmin() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~FirstAdmin() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "pare_first_admin";
  std::unique_ptr<Store> store_ = empty_store();
};

TEST_F(FirstAdmin, is_made_once_and_only_its_user_can_read_the_file) {
  const auto file = ok(make_first_admin(*store_, folder_));
  ASSERT_TRUE(file.has_value());
  struct stat facts {};
  ASSERT_EQ(::stat(file->c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  std::string text;
  std::getline(std::ifstream(*file), text);
  const auto tokens = ok(store_->tokens(false));
  ASSERT_EQ(tokens.size(), 1U);
  EXPECT_EQ(tokens[0].sha256, wire::sha256_hex(text));
  EXPECT_TRUE(tokens[0].scopes.has(Scope::kAdmin));
  EXPECT_FALSE(ok(make_first_admin(*store_, folder_)).has_value());
}

TEST_F(FirstAdmin, is_made_again_when_nobody_may_administer_any_more) {
  ok(make_first_admin(*store_, folder_));
  ok(store_->revoke_token("first-admin"));
  NewToken reader{"reader", "ada", std::string(64, 'a'), {}, {}};
  reader.scopes.add(Scope::kRead);
  ok(store_->add_token(reader));
  EXPECT_TRUE(ok(make_first_admin(*store_, folder_)).has_value());
}

TEST_F(FirstAdmin, leaves_no_token_where_its_file_cannot_be_written) {
  const auto made = make_first_admin(*store_, folder_ / "nowhere");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("nowhere"), std::string::npos);
  EXPECT_TRUE(ok(store_->tokens(false)).empty());
}

}  // namespace
}  // namespace pare::coordinator
