#include "coordinator/blobs/blob_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

namespace pare::coordinator {
namespace {

namespace fs = std::filesystem;

class BlobStoreTest : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  BlobStore store() { return BlobStore::open(folder_, Bytes{1 << 20}).value(); }
  std::size_t incoming() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_ / "incoming"), fs::directory_iterator()));
  }

  fs::path folder_ =
      fs::path(testing::TempDir()) /
      ("blobs_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(BlobStoreTest, bytes_come_back_under_their_digest) {
  const auto blobs = store();
  const auto name = blobs.put("abc");
  ASSERT_TRUE(name);
  EXPECT_EQ(name.value(), wire::sha256_hex("abc"));
  const auto blob = blobs.find(name.value());
  ASSERT_TRUE(blob);
  EXPECT_EQ(blob.value().size, Bytes{3});
  EXPECT_EQ(read(blob.value().file), "abc");
  EXPECT_EQ(incoming(), 0U);
}

TEST_F(BlobStoreTest, bytes_with_another_digest_are_refused_and_leave_nothing) {
  const auto blobs = store();
  const std::string name = wire::sha256_hex("abc");
  {
    auto upload = blobs.begin(name, Bytes{3});
    BlobUpload incoming_blob = std::move(upload).value();
    ASSERT_TRUE(incoming_blob.write("abd"));
    const auto stored = incoming_blob.commit();
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(stored.error().message,
              "the bytes sent as blob " + name + " have the SHA-256 " + wire::sha256_hex("abd"));
  }
  EXPECT_FALSE(blobs.contains(name));
  EXPECT_EQ(incoming(), 0U);
}

TEST_F(BlobStoreTest, an_upload_that_stops_early_or_goes_on_is_refused) {
  const auto blobs = store();
  BlobUpload incoming_blob = blobs.begin(wire::sha256_hex("abc"), Bytes{3}).value();
  ASSERT_TRUE(incoming_blob.write("ab"));
  EXPECT_FALSE(incoming_blob.write("cd"));
  EXPECT_FALSE(incoming_blob.commit());
  EXPECT_FALSE(blobs.contains(wire::sha256_hex("abc")));
}

TEST_F(BlobStoreTest, the_limit_is_the_largest_size_taken) {
  const auto blobs = BlobStore::open(folder_, Bytes{3}).value();
  EXPECT_TRUE(blobs.put("abc"));
  const auto over = blobs.put("abcd");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().message,
            "blob " + wire::sha256_hex("abcd") + " has 4 bytes, the limit is 3");
}

TEST_F(BlobStoreTest, a_name_that_is_no_digest_never_becomes_a_path) {
  const auto blobs = store();
  for (const std::string name : {"", "..", "../../outside", "ABC"}) {
    EXPECT_EQ(blobs.find(name).error().code, ErrorCode::kInvalidArgument) << name;
    EXPECT_EQ(blobs.begin(name, Bytes{1}).error().code, ErrorCode::kInvalidArgument) << name;
  }
}

TEST_F(BlobStoreTest, the_same_blob_sent_by_eight_threads_at_once_is_stored_whole) {
  const auto blobs = store();
  std::string bytes(300'000, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 % 251);
  std::vector<std::thread> senders;
  std::vector<int> ok(8);
  for (int& mine : ok) {
    senders.emplace_back([&] { mine = blobs.put(bytes).has_value() ? 1 : 0; });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(std::ranges::count(ok, 1), 8);
  EXPECT_EQ(read(blobs.find(wire::sha256_hex(bytes)).value().file), bytes);
  EXPECT_EQ(incoming(), 0U);
}

TEST_F(BlobStoreTest, what_an_interrupted_upload_left_is_removed_when_it_is_a_day_old) {
  (void)store();
  const fs::path old_file = folder_ / "incoming" / "old";
  const fs::path new_file = folder_ / "incoming" / "new";
  std::ofstream(old_file) << "x";
  std::ofstream(new_file) << "x";
  fs::last_write_time(old_file, fs::file_time_type::clock::now() - std::chrono::hours(25));
  (void)store();
  EXPECT_FALSE(fs::exists(old_file));
  EXPECT_TRUE(fs::exists(new_file));
}

}  // namespace
}  // namespace pare::coordinator
