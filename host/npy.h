// Tensors as .npy files, which is how programs on one machine exchange them (docs/runtimes.md).
//
// Reading is total: a file that is not what it says, or larger than allowed, is kInvalidArgument
// with its name.  Little endian, C order, formats 1.0 to 3.0 (NumPy's NEP 1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"

namespace pare::host {

struct NpyArray {
  std::string dtype;  // NumPy's name: "float32", "uint8", "bool", ...
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;
};

// Bytes of one element; 0 for a name that is not supported.
std::size_t npy_element_bytes(std::string_view dtype) noexcept;

// Fails with kNotFound if there is no such file.
Result<NpyArray> read_npy(const std::filesystem::path& path, std::int64_t max_bytes);

// A file of the same size is written over in place: nobody may be reading it.
// REQUIRES: a supported dtype, and as many bytes as the shape says.
Result<std::monostate> write_npy(const std::filesystem::path& path, std::string_view dtype,
                                 std::span<const std::int64_t> shape,
                                 std::span<const std::byte> bytes);

}  // namespace pare::host
