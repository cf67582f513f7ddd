#include "worker/artifacts/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include "tests/worker/support/blob_server.h"
#include "wire/dataset_archive.h"
#include "wire/sha256.h"

namespace pare::worker {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
  std::ifstream input(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(input), {}};
}

std::string random_bytes(std::size_t count) {
  std::mt19937 random(5);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class CacheTest : public testing::Test {
 protected:
  CacheTest() : folder_(fs::temp_directory_path() / ("pare-cache-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
  }
  ~CacheTest() override { fs::remove_all(folder_); }

  Cache open() const { return Cache::open(folder_ / "cache", BlobClient(server_.url())).value(); }

  fs::path folder_;
  test::BlobServer server_;
  std::stop_source stop_;
};

TEST_F(CacheTest, a_blob_is_fetched_once) {
  const std::string bytes = random_bytes(300'000);
  const std::string name = server_.put(bytes);
  Cache cache = open();
  for (int i = 0; i < 3; ++i) {
    const auto path = cache.blob(name, stop_.get_token());
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(bytes_of(path.value()), bytes);
  }
  EXPECT_EQ(server_.gets(), 1);
}

TEST_F(CacheTest, many_workers_that_want_a_blob_at_once_fetch_it_once) {
  const std::string name = server_.put(random_bytes(2'000'000));
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] { EXPECT_TRUE(open().blob(name, stop_.get_token())); });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(server_.gets(), 1);
}

TEST_F(CacheTest, a_transfer_that_breaks_off_goes_on_where_it_stopped) {
  const std::string bytes = random_bytes(500'000);
  const std::string name = server_.put(bytes);
  server_.break_off(200'000, 2);
  const auto path = open().blob(name, stop_.get_token());
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(bytes_of(path.value()), bytes);
  EXPECT_THAT(server_.ranges(), testing::ElementsAre("", "bytes=200000-", "bytes=400000-"));
}

TEST_F(CacheTest, a_coordinator_that_is_away_is_asked_again) {
  const std::string name = server_.put("model");
  server_.be_away(2);
  EXPECT_TRUE(open().blob(name, stop_.get_token()));
}

TEST_F(CacheTest, bytes_that_do_not_match_their_name_are_refused_and_not_kept) {
  const std::string name = server_.put("model");
  server_.spoil(name);
  const auto path = open().blob(name, stop_.get_token());
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(path.error().message, testing::HasSubstr(name));
  server_.put("model");
  EXPECT_TRUE(open().blob(name, stop_.get_token()));
}

TEST_F(CacheTest, a_spoilt_beginning_left_by_a_power_cut_is_thrown_away) {
  const std::string bytes = random_bytes(1000);
  const std::string name = server_.put(bytes);
  Cache cache = open();
  std::ofstream(folder_ / "cache/partial" / name) << "spoilt";
  const auto path = cache.blob(name, stop_.get_token());
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(bytes_of(path.value()), bytes);
}

TEST_F(CacheTest, a_whole_file_left_under_the_partial_name_is_used) {
  const std::string bytes = random_bytes(1000);
  const std::string name = server_.put(bytes);
  Cache cache = open();
  std::ofstream(folder_ / "cache/partial" / name, std::ios::binary) << bytes;
  EXPECT_TRUE(cache.blob(name, stop_.get_token()));
}

TEST_F(CacheTest, a_blob_that_nobody_has_is_not_found) {
  const auto path = open().blob(std::string(64, 'a'), stop_.get_token());
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, ErrorCode::kNotFound);
}

TEST_F(CacheTest, a_stop_ends_the_waiting_for_a_coordinator_that_is_away) {
  const std::string name = server_.put("model");
  server_.be_away(1'000'000);
  stop_.request_stop();
  const auto path = open().blob(name, stop_.get_token());
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, ErrorCode::kUnavailable);
}

TEST_F(CacheTest, a_published_file_is_sent_and_need_not_be_fetched) {
  const fs::path file = folder_ / "candidate.onnx";
  Cache cache = open();
  std::ofstream(file) << "candidate";
  const auto name = cache.publish(file, stop_.get_token());
  ASSERT_TRUE(name) << name.error().message;
  EXPECT_EQ(name.value(), wire::sha256_hex("candidate"));
  EXPECT_EQ(server_.blob(name.value()), "candidate");
  EXPECT_TRUE(cache.blob(name.value(), stop_.get_token()));
  EXPECT_EQ(server_.gets(), 0);
}

TEST_F(CacheTest, a_published_file_is_sent_again_while_the_coordinator_is_away) {
  const fs::path file = folder_ / "candidate.onnx";
  Cache cache = open();
  std::ofstream(file) << "candidate";
  server_.be_away(2);
  EXPECT_TRUE(cache.publish(file, stop_.get_token()));
  EXPECT_EQ(server_.blob(wire::sha256_hex("candidate")), "candidate");
}

TEST_F(CacheTest, what_an_earlier_life_left_is_hashed_before_it_is_used) {
  const std::string bytes = random_bytes(10'000);
  const std::string name = server_.put(bytes);
  const auto path = open().blob(name, stop_.get_token());
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_TRUE(open().blob(name, stop_.get_token()));
  EXPECT_EQ(server_.gets(), 1);
  for (const std::size_t left : {std::size_t{0}, bytes.size() / 2}) {  // as a power cut leaves it
    fs::resize_file(path.value(), left);
    Cache cache = open();
    const auto again = cache.blob(name, stop_.get_token());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(bytes_of(again.value()), bytes) << left << " bytes were left";
  }
  std::string other = bytes;
  other[77] ^= 1;
  std::ofstream(path.value(), std::ios::binary) << other;
  EXPECT_EQ(bytes_of(open().blob(name, stop_.get_token()).value()), bytes);
}

TEST_F(CacheTest, a_folder_for_locks_that_cannot_be_written_is_named) {
  const std::string name = server_.put("model");
  Cache cache = open();
  fs::remove_all(folder_ / "cache/locks");
  const auto path = cache.blob(name, stop_.get_token());
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(path.error().message, testing::HasSubstr("No such file"));
}

TEST_F(CacheTest, whoever_waits_is_told_what_for) {
  const std::string name = server_.put("model");
  server_.be_away(2);
  std::vector<std::string> told;
  EXPECT_TRUE(open().blob(name, stop_.get_token(),
                          [&](const Error& error) { told.push_back(error.message); }));
  EXPECT_THAT(told, testing::SizeIs(2));
  EXPECT_THAT(told, testing::Each(testing::HasSubstr(name)));
}

class CachedDataset : public CacheTest {
 protected:
  CachedDataset() {
    const fs::path images = folder_ / "images";
    fs::create_directories(images / "val");
    fs::create_directories(images / "cal");
    std::ofstream(images / "val/a.png") << "not looked at here";
    std::ofstream(images / "cal/b.png") << "nor this";
    const fs::path tar = folder_ / "dataset.tar";
    const auto written = wire::write_dataset_archive(
        {.calibration = images / "cal", .validation = images / "val", .labels = {}}, tar);
    if (!written) throw std::runtime_error(written.error().message);
    name_ = server_.put(bytes_of(tar));
  }

  void expect_whole(Cache cache) {
    const auto path = cache.dataset(name_, stop_.get_token());
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(bytes_of(path.value() / "validation/a.png"), "not looked at here");
    EXPECT_EQ(bytes_of(path.value() / "calibration/b.png"), "nor this");
  }

  std::string name_;
};

TEST_F(CachedDataset, is_unpacked_once) {
  expect_whole(open());
  expect_whole(open());
  EXPECT_EQ(server_.gets(), 1);
}

TEST_F(CachedDataset, is_unpacked_again_where_a_file_of_an_earlier_life_is_cut_short_or_gone) {
  expect_whole(open());
  const fs::path unpacked = folder_ / "cache/datasets" / name_;
  fs::resize_file(unpacked / "validation/a.png", 3);
  expect_whole(open());
  fs::remove(unpacked / "calibration/b.png");
  expect_whole(open());
  fs::remove(unpacked.string() + ".sums");
  expect_whole(open());
  EXPECT_EQ(server_.gets(), 1);  // the archive itself is whole
}

TEST_F(CacheTest, an_archive_that_is_none_is_an_error_that_says_so) {
  const std::string name = server_.put("no tar");
  const auto path = open().dataset(name, stop_.get_token());
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(path.error().message, testing::HasSubstr("not a tar archive"));
}

}  // namespace
}  // namespace pare::worker
