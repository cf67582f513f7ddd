#include "engine/onnx/tensor_proto.h"

#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

using onnx::TensorProto;

constexpr std::pair<int, DType> kTypes[] = {
    {TensorProto::FLOAT, DType::kFloat32},   {TensorProto::DOUBLE, DType::kFloat64},
    {TensorProto::FLOAT16, DType::kFloat16}, {TensorProto::INT8, DType::kInt8},
    {TensorProto::UINT8, DType::kUint8},     {TensorProto::INT16, DType::kInt16},
    {TensorProto::UINT16, DType::kUint16},   {TensorProto::INT32, DType::kInt32},
    {TensorProto::INT64, DType::kInt64},     {TensorProto::BOOL, DType::kBool},
};

// One element of a typed field in the element's own width; int32_data also carries the small types.
template <typename Stored, typename Field>
std::vector<std::byte> packed(const Field& field) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(field.size()) * sizeof(Stored));
  std::byte* at = bytes.data();
  for (const auto element : field) {
    const auto stored = static_cast<Stored>(element);
    std::memcpy(at, &stored, sizeof(Stored));
    at += sizeof(Stored);
  }
  return bytes;
}

std::vector<std::byte> bytes_of(const TensorProto& proto, DType dtype) {
  if (proto.has_raw_data()) {
    const auto* begin = reinterpret_cast<const std::byte*>(proto.raw_data().data());
    return {begin, begin + proto.raw_data().size()};
  }
  switch (dtype) {
    case DType::kFloat32: return packed<float>(proto.float_data());
    case DType::kFloat64: return packed<double>(proto.double_data());
    case DType::kInt64: return packed<std::int64_t>(proto.int64_data());
    case DType::kInt32: return packed<std::int32_t>(proto.int32_data());
    case DType::kInt16: return packed<std::int16_t>(proto.int32_data());
    case DType::kFloat16:  // int32_data carries its bits
    case DType::kUint16: return packed<std::uint16_t>(proto.int32_data());
    case DType::kInt8: return packed<std::int8_t>(proto.int32_data());
    case DType::kBool:
    case DType::kUint8: return packed<std::uint8_t>(proto.int32_data());
  }
  return {};
}

// Empty if a dimension is negative or the bytes would not fit a file.
std::optional<std::size_t> byte_count(const Shape& shape, DType dtype) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  std::int64_t count = static_cast<std::int64_t>(size_of(dtype));
  for (const std::int64_t dimension : shape) {
    if (dimension < 0) return std::nullopt;
    if (dimension > 0 && count > kMost / dimension) return std::nullopt;
    count *= dimension;
  }
  return static_cast<std::size_t>(count);
}

}  // namespace

std::optional<DType> dtype_from_onnx(int data_type) {
  for (const auto& [number, dtype] : kTypes) {
    if (number == data_type) return dtype;
  }
  return std::nullopt;
}

int dtype_to_onnx(DType dtype) {
  for (const auto& [number, known] : kTypes) {
    if (known == dtype) return number;
  }
  return TensorProto::UNDEFINED;
}

std::string onnx_type_name(int data_type) {
  switch (data_type) {
    case TensorProto::STRING: return "string";
    case TensorProto::UINT32: return "uint32";
    case TensorProto::UINT64: return "uint64";
    case TensorProto::COMPLEX64: return "complex64";
    case TensorProto::COMPLEX128: return "complex128";
    case TensorProto::BFLOAT16: return "bfloat16";
    default: return "number " + std::to_string(data_type);
  }
}

Result<Tensor> tensor_from_proto(const TensorProto& proto, const std::string& where) {
  if (proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size() > 0) {
    std::string file;
    for (const auto& entry : proto.external_data()) {
      if (entry.key() == "location") file = " (" + in_quotes(entry.value()) + ")";
    }
    return Error{ErrorCode::kUnsupported,
                 where + " keeps its data in another file" + file +
                     ": save the model as one file, or give it to `pare` with that file beside it"};
  }
  if (proto.has_segment()) {
    return Error{ErrorCode::kUnsupported, where + " is stored in segments"};
  }
  const std::optional<DType> dtype = dtype_from_onnx(proto.data_type());
  if (!dtype) {
    return Error{ErrorCode::kUnsupported, where + " has element type " +
                                              onnx_type_name(proto.data_type()) +
                                              ", which is not handled"};
  }
  const Shape shape(proto.dims().begin(), proto.dims().end());
  const std::optional<std::size_t> expected = byte_count(shape, *dtype);
  if (!expected) {
    return Error{ErrorCode::kInvalidArgument, where + " has the shape " + to_string(shape)};
  }
  std::vector<std::byte> bytes = bytes_of(proto, *dtype);
  if (bytes.size() != *expected) {
    return Error{ErrorCode::kInvalidArgument,
                 where + " has the shape " + to_string(shape) + " of " +
                     std::string(name_of(*dtype)) + ", which is " + std::to_string(*expected) +
                     " bytes, but holds " + std::to_string(bytes.size())};
  }
  return Tensor(*dtype, shape, std::move(bytes));
}

TensorProto tensor_to_proto(const Tensor& tensor, const std::string& name) {
  TensorProto proto;
  if (!name.empty()) proto.set_name(name);
  proto.set_data_type(dtype_to_onnx(tensor.dtype()));
  for (const std::int64_t dimension : tensor.shape()) proto.add_dims(dimension);
  proto.set_raw_data(tensor.bytes().data(), tensor.bytes().size());
  return proto;
}

}  // namespace pare::engine
