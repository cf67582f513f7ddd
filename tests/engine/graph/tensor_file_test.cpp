#include "engine/graph/tensor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

namespace pare::engine {
namespace {

using testing::HasSubstr;

Result<TensorFile> decode(const std::string& bytes) {
  return decode_tensor_file(std::as_bytes(std::span(bytes)));
}

// A file with this header and so many bytes of data.
std::string with_header(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + std::string(data_bytes, '\0');
}

TensorFile example() {
  TensorFile file;
  file.tensors["b"] = Tensor::of<float>({2, 2}, std::vector<float>{1, 2, 3, 4});
  file.tensors["a/long name"] = Tensor::of<std::int64_t>({}, std::vector<std::int64_t>{-7});
  file.tensors["empty"] = Tensor::of<std::uint8_t>({0, 3}, std::vector<std::uint8_t>{});
  file.metadata["made by"] = "test";
  return file;
}

TEST(TensorFile, what_was_written_is_read) {
  const TensorFile file = example();
  const auto read = decode(encode_tensor_file(file));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read.value().tensors == file.tensors);
  EXPECT_EQ(read.value().metadata, file.metadata);
}

TEST(TensorFile, every_truncation_is_an_error) {
  const std::string bytes = encode_tensor_file(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode(bytes.substr(0, size))) << size << " of " << bytes.size() << " bytes";
  }
}

TEST(TensorFile, no_changed_byte_of_the_header_crashes_the_reader) {
  const std::string bytes = encode_tensor_file(example());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const char byte : {'\0', '9', '"', '}', '\xff'}) {
      std::string changed = bytes;
      changed[at] = byte;
      (void)decode(changed);
    }
  }
}

TEST(TensorFile, a_header_that_makes_no_sense_is_named) {
  const std::string at = R"("shape":[1],"data_offsets":[0,4]})";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "its header is no JSON object"},
      {"{", "its header is no JSON object"},
      {R"({"x":3})", "x does not have dtype, shape and data_offsets"},
      {R"({"x":{"dtype":"F13",)" + at + "}", R"(x has the unknown type "F13")"},
      {R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "x has the shape [-1]"},
      {R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "x of shape [2] lies at [0,4]"},
      {R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "lies at [4,8] of 4 bytes"},
      {R"({"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}})",
       "x of shape [4611686018427387904,4]"},
      {R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "end at byte 2 of 4"},
      {R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})", "x begins at byte 2"},
      {R"({"__metadata__":{"k":1}})", "__metadata__ of k is no text"}};
  for (const auto& [header, message] : cases) {
    const auto refused = decode(with_header(header, 4));
    ASSERT_FALSE(refused) << header;
    EXPECT_THAT(refused.error().message, HasSubstr(message));
  }
}

TEST(TensorFile, a_header_longer_than_the_file_is_cut_off) {
  std::string bytes = encode_tensor_file(example());
  bytes[6] = '\x7f';
  const auto refused = decode(bytes);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("is cut off"));
}

TEST(TensorFile, files_are_written_and_read_by_path) {
  const auto path = std::filesystem::temp_directory_path() / "pare_tensor_file_test.safetensors";
  ASSERT_TRUE(write_tensor_file(example(), path));
  const auto read = read_tensor_file(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read.value().tensors == example().tensors);

  const auto missing = read_tensor_file(path);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr(path.string()));
  EXPECT_FALSE(write_tensor_file(example(), path / "not a folder"));
}

}  // namespace
}  // namespace pare::engine
