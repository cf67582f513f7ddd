// Named tensors and a few words about them in one file: the layout of safetensors.
//
// 8 bytes, little endian: length of the header; the header, JSON: name -> {dtype, shape,
// data_offsets}, and "__metadata__": text -> text; then the raw data.  Any safetensors reader opens
// it.  Writing is deterministic: names sorted, no padding but spaces at the header's end.
//
// Reading trusts nothing: a file that is cut off, overlaps, leaves holes or names an unknown type
// is an Error that says what and where, and allocates no more than the file's own size.
//
// Cost: one copy of the data each way.  Pure functions, any thread.
// Source: https://github.com/huggingface/safetensors (README, "Format").
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <variant>

#include "core/result.h"
#include "engine/graph/tensor.h"

namespace pare::engine {

struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

std::string encode_tensor_file(const TensorFile& file);
Result<TensorFile> decode_tensor_file(std::span<const std::byte> bytes);

// Fails with kUnavailable, naming the path, if it cannot be written.
Result<std::monostate> write_tensor_file(const TensorFile& file, const std::filesystem::path& path);
// Fails with kNotFound if it cannot be read, otherwise as decode_tensor_file(), the path in front.
Result<TensorFile> read_tensor_file(const std::filesystem::path& path);

}  // namespace pare::engine
