#include "engine/graph/tensor_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace pare::engine {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "tensors are stored as they lie");

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 62;  // a shape's product stays a number
constexpr int kMostNesting = 4;                                  // of a header; it has 3
constexpr std::array<std::pair<DType, std::string_view>, 10> kNames = {{
    {DType::kFloat32, "F32"},
    {DType::kFloat64, "F64"},
    {DType::kFloat16, "F16"},
    {DType::kInt8, "I8"},
    {DType::kUint8, "U8"},
    {DType::kInt16, "I16"},
    {DType::kUint16, "U16"},
    {DType::kInt32, "I32"},
    {DType::kInt64, "I64"},
    {DType::kBool, "BOOL"},
}};

Error refuse(const std::string& message) {
  return {ErrorCode::kInvalidArgument, "tensor file: " + message};
}

std::string dtype_name(DType dtype) {
  return std::string(
      std::ranges::find(kNames, dtype, &decltype(kNames)::value_type::first)->second);
}

struct Entry {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;
  std::uint64_t begin = 0, end = 0;
};

bool is_count(const json& value) {
  return value.is_number_unsigned() && value.get<std::uint64_t>() <= kMostElements;
}

std::optional<DType> dtype_of_name(const json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto found = std::ranges::find(kNames, value.get_ref<const std::string&>(),
                                       &decltype(kNames)::value_type::second);
  return found == kNames.end() ? std::nullopt : std::optional(found->first);
}

// The number of bytes that a shape needs; nothing if it cannot be counted, whatever a 0 among its
// dimensions would make of that.
std::optional<std::uint64_t> bytes_of(const Shape& shape, DType dtype) {
  std::uint64_t count = size_of(dtype);
  bool empty = false;
  for (const std::int64_t dimension : shape) {
    const auto size = static_cast<std::uint64_t>(dimension);
    empty |= size == 0;
    if (size == 0) continue;
    if (count > kMostElements / size) return std::nullopt;
    count *= size;
  }
  return empty ? 0 : count;
}

Result<Entry> decode_entry(const std::string& name, const json& value, std::uint64_t data_bytes) {
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
      !value.contains("shape") || !value.contains("data_offsets")) {
    return refuse(name + " does not have dtype, shape and data_offsets");
  }
  Entry entry{name, {}, {}, 0, 0};
  const std::optional<DType> dtype = dtype_of_name(value["dtype"]);
  if (!dtype) return refuse(name + " has the unknown type " + value["dtype"].dump());
  entry.dtype = *dtype;
  const json& shape = value["shape"];
  const json& offsets = value["data_offsets"];
  if (!shape.is_array() || !std::ranges::all_of(shape, is_count)) {
    return refuse(name + " has the shape " + shape.dump());
  }
  if (!offsets.is_array() || offsets.size() != 2 || !std::ranges::all_of(offsets, is_count)) {
    return refuse(name + " lies at " + offsets.dump());
  }
  entry.shape = shape.get<Shape>();
  entry.begin = offsets[0].get<std::uint64_t>();
  entry.end = offsets[1].get<std::uint64_t>();
  const auto needed = bytes_of(entry.shape, entry.dtype);
  if (entry.begin > entry.end || entry.end > data_bytes || !needed ||
      *needed != entry.end - entry.begin) {
    return refuse(name + " of shape " + shape.dump() + " lies at " + offsets.dump() + " of " +
                  std::to_string(data_bytes) + " bytes");
  }
  return entry;
}

Result<std::map<std::string, std::string>> decode_metadata(const json& value) {
  std::map<std::string, std::string> metadata;
  if (!value.is_object()) return refuse("__metadata__ is no object");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return refuse("__metadata__ of " + key + " is no text");
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

// Tensors lie one behind the other, without holes, to the end of the data.
Result<std::monostate> check_order(std::vector<Entry>& entries, std::uint64_t data_bytes) {
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
  std::uint64_t at = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != at) {
      return refuse(entry.name + " begins at byte " + std::to_string(entry.begin) +
                    ", the one before it ends at " + std::to_string(at));
    }
    at = entry.end;
  }
  if (at != data_bytes) {
    return refuse("its tensors end at byte " + std::to_string(at) + " of " +
                  std::to_string(data_bytes));
  }
  return std::monostate{};
}

Result<json> decode_header(std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes) {
    return refuse("it has only " + std::to_string(bytes.size()) + " bytes");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > bytes.size() - kLengthBytes) {
    return refuse("its header of " + std::to_string(length) + " bytes is cut off");
  }
  const char* text = reinterpret_cast<const char*>(bytes.data()) + kLengthBytes;
  bool deep = false;
  const auto shallow = [&](int depth, json::parse_event_t, const json&) {
    deep |= depth > kMostNesting;
    return !deep;
  };
  const json header = json::parse(text, text + length, shallow, false);
  if (deep) return refuse("its header is nested deeper than " + std::to_string(kMostNesting));
  if (!header.is_object()) return refuse("its header is no JSON object");
  return header;
}

}  // namespace

std::string encode_tensor_file(const TensorFile& file) {
  json header = json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::uint64_t at = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const std::uint64_t end = at + tensor.bytes().size();
    header[name] = {{"dtype", dtype_name(tensor.dtype())},
                    {"shape", tensor.shape()},
                    {"data_offsets", {at, end}}};
    at = end;
  }
  // A name that is no UTF-8 loses what is not: it is then not found again, which is an Error there.
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize((text.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
  const std::uint64_t length = text.size();
  std::string out(reinterpret_cast<const char*>(&length), kLengthBytes);
  out.reserve(kLengthBytes + text.size() + at);
  out += text;
  for (const auto& [name, tensor] : file.tensors) {
    out.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.bytes().size());
  }
  return out;
}

Result<TensorFile> decode_tensor_file(std::span<const std::byte> bytes) {
  const Result<json> header = decode_header(bytes);
  if (!header) return header.error();
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  const std::span<const std::byte> data = bytes.subspan(kLengthBytes + length);

  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.value().items()) {
    if (name == "__metadata__") {
      Result<std::map<std::string, std::string>> metadata = decode_metadata(value);
      if (!metadata) return metadata.error();
      file.metadata = std::move(metadata).value();
      continue;
    }
    Result<Entry> entry = decode_entry(name, value, data.size());
    if (!entry) return entry.error();
    entries.push_back(std::move(entry).value());
  }
  if (const auto order = check_order(entries, data.size()); !order) return order.error();
  for (Entry& entry : entries) {
    const auto part = data.subspan(entry.begin, entry.end - entry.begin);
    file.tensors.emplace(entry.name, Tensor(entry.dtype, std::move(entry.shape),
                                            std::vector<std::byte>(part.begin(), part.end())));
  }
  return file;
}

Result<std::monostate> write_tensor_file(const TensorFile& file,
                                         const std::filesystem::path& path) {
  const std::string bytes = encode_tensor_file(file);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return Error{ErrorCode::kUnavailable, "cannot write " + path.string()};
  return std::monostate{};
}

Result<TensorFile> read_tensor_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = in ? static_cast<std::streamoff>(in.tellg()) : -1;
  std::string bytes(static_cast<std::size_t>(std::max<std::streamoff>(size, 0)), '\0');
  in.seekg(0);
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!in) return Error{ErrorCode::kNotFound, "cannot read " + path.string()};
  Result<TensorFile> file = decode_tensor_file(std::as_bytes(std::span(bytes)));
  if (!file) return Error{file.error().code, path.string() + ": " + file.error().message};
  return file;
}

}  // namespace pare::engine
