#include "host/npy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <string>

namespace pare::host {
namespace {

namespace fs = std::filesystem;

fs::path scratch_file(const std::string& name) {
  const fs::path folder = fs::temp_directory_path() / ("pare-npy-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  return folder / name;
}

// The bytes of a file with this header dictionary and this much data.
std::string npy(const std::string& header, std::size_t data_bytes) {
  std::string bytes = "\x93NUMPY";
  bytes += '\x01';
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xFFU);
  bytes += static_cast<char>(header.size() >> 8U);
  return bytes + header + std::string(data_bytes, '\0');
}

std::string refusal(const std::string& bytes) {
  const fs::path path = scratch_file("bad.npy");
  std::ofstream(path, std::ios::binary) << bytes;
  const auto read = read_npy(path, 1 << 20);
  const auto mapped = MappedNpy::open(path, 1 << 20);
  EXPECT_EQ(static_cast<bool>(read), static_cast<bool>(mapped)) << bytes;
  if (!read && !mapped) {
    EXPECT_EQ(read.error().message, mapped.error().message);
  }
  return read ? "was read" : read.error().message.substr(path.string().size() + 1);
}

TEST(Npy, what_was_written_is_read_back) {
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{}, {5}, {1, 3, 4, 2}, {0, 7}}) {
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    std::vector<std::byte> bytes(count * 4);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37);
    const fs::path path = scratch_file("round.npy");
    ASSERT_TRUE(write_npy(path, "float32", shape, bytes));
    const auto read = read_npy(path, 1 << 20);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read.value().dtype, "float32");
    EXPECT_EQ(read.value().shape, shape);
    EXPECT_EQ(read.value().bytes, bytes);
  }
}

TEST(Npy, a_file_is_written_over_whatever_its_size_was) {
  const fs::path path = scratch_file("over.npy");
  for (const std::size_t count : {5U, 5U, 300U, 2U}) {
    const std::vector<std::byte> bytes(count, static_cast<std::byte>(count));
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(count)};
    ASSERT_TRUE(write_npy(path, "uint8", shape, bytes));
    const auto read = read_npy(path, 1 << 20);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read.value().bytes, bytes);
  }
}

TEST(Npy, what_is_written_into_a_mapped_file_is_what_others_read_and_the_other_way_round) {
  const fs::path path = scratch_file("mapped.npy");
  fs::remove(path);
  const std::vector<std::int64_t> shape{2, 3};
  auto made = MappedNpy::create(path, "float32", shape);
  ASSERT_TRUE(made) << made.error().message;
  MappedNpy writer = std::move(made).value();
  ASSERT_EQ(writer.room().size(), 24U);
  auto opened = MappedNpy::open(path, 1 << 20);
  ASSERT_TRUE(opened) << opened.error().message;
  const MappedNpy reader = std::move(opened).value();
  for (const std::byte value : {std::byte{1}, std::byte{200}}) {
    std::ranges::fill(writer.room(), value);
    EXPECT_EQ(read_npy(path, 1 << 20).value().bytes, std::vector<std::byte>(24, value));
    EXPECT_EQ(reader.bytes()[23], value);
  }
  const std::vector<std::byte> other(24, std::byte{77});
  ASSERT_TRUE(write_npy(path, "float32", shape, other));
  EXPECT_EQ(reader.bytes()[0], std::byte{77});
  EXPECT_EQ(reader.shape(), shape);
  EXPECT_EQ(reader.dtype(), "float32");
}

TEST(Npy, a_mapped_file_is_looked_at_again_where_it_was_written_over) {
  const fs::path path = scratch_file("again.npy");
  const std::vector<std::byte> bytes(24);
  ASSERT_TRUE(write_npy(path, "float32", std::vector<std::int64_t>{2, 3}, bytes));
  auto opened = MappedNpy::open(path, 1 << 20);
  ASSERT_TRUE(opened) << opened.error().message;
  MappedNpy file = std::move(opened).value();
  ASSERT_TRUE(write_npy(path, "int32", std::vector<std::int64_t>{3, 2}, bytes));
  EXPECT_TRUE(file.is_at(path));
  ASSERT_TRUE(file.look_again(path, 1 << 20));
  EXPECT_EQ(file.dtype(), "int32");
  EXPECT_EQ(file.shape(), (std::vector<std::int64_t>{3, 2}));
  std::ofstream(path, std::ios::in | std::ios::binary) << "garbage";
  EXPECT_FALSE(file.look_again(path, 1 << 20));
  ASSERT_TRUE(write_npy(path, "int32", std::vector<std::int64_t>{7}, std::vector<std::byte>(28)));
  EXPECT_FALSE(file.is_at(path));
  fs::remove(path);
  EXPECT_FALSE(file.is_at(path));
}

TEST(Npy, a_file_without_room_on_the_disk_is_not_mapped) {
  // Of no file system is there so much.
  const auto made = MappedNpy::create(scratch_file("huge.npy"), "float64",
                                      std::vector<std::int64_t>{std::int64_t{1} << 58});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(made.error().message.find("huge.npy cannot be written"), std::string::npos);
  fs::remove(scratch_file("huge.npy"));
}

TEST(Npy, data_starts_at_a_multiple_of_64_as_numpy_writes_it) {
  const fs::path path = scratch_file("aligned.npy");
  ASSERT_TRUE(write_npy(path, "uint8", std::vector<std::int64_t>{3}, std::vector<std::byte>(3)));
  EXPECT_EQ((fs::file_size(path) - 3) % 64, 0U);
}

TEST(Npy, what_is_wrong_with_a_file_is_said) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  EXPECT_EQ(refusal(npy(good, 24)), "was read");
  EXPECT_EQ(refusal("garbage"), "is not a usable .npy file: it does not begin as one");
  EXPECT_EQ(refusal(npy(good, 20)),
            "is not a usable .npy file: it has 20 bytes of data, its shape needs 24");
  EXPECT_EQ(refusal(npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 16)),
            "is not a usable .npy file: its type is |O");
  EXPECT_EQ(refusal(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24)),
            "is not a usable .npy file: its header is {'descr': '<f4', 'fortran_order': True, "
            "'shape': (2, 3), }");
  EXPECT_EQ(refusal(npy("{'descr': '<f4', 'fortran_order': False, 'shape': "
                        "(9223372036854775807, 9223372036854775807), }",
                        24)),
            "is not a usable .npy file: it holds more than 1048576 bytes");
  EXPECT_EQ(
      refusal(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 0)).substr(0, 43),
      "is not a usable .npy file: its header is {'");
}

TEST(Npy, a_file_cut_or_changed_anywhere_is_never_more_than_an_error) {
  const fs::path path = scratch_file("fuzz.npy");
  ASSERT_TRUE(
      write_npy(path, "float32", std::vector<std::int64_t>{2, 2}, std::vector<std::byte>(16)));
  std::ifstream file(path, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(file), {}};
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_NE(refusal(good.substr(0, cut)), "was read") << cut;
  }
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string changed = good;
    changed[random() % (good.size() - 16)] = static_cast<char>(random());
    (void)refusal(changed);  // the sanitizers are the judges
  }
}

}  // namespace
}  // namespace pare::host
