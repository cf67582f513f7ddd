#include "engine/onnx/parse_model.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string>

#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

constexpr int kRecursionLimit = 64;  // messages inside messages; a real subgraph needs under 20

}  // namespace

Error too_large_a_model(std::uintmax_t bytes) {
  return invalid("not an ONNX model in one file: it has " + std::to_string(bytes) +
                 " bytes, and protobuf has no room for 2 GiB or more");
}

Result<onnx::ModelProto> parse_model(std::span<const std::byte> bytes) {
  if (bytes.empty()) return invalid("not an ONNX model: the file is empty");
  if (bytes.size() > kMostModelBytes) return too_large_a_model(bytes.size());
  const int size = static_cast<int>(bytes.size());
  google::protobuf::io::ArrayInputStream stream(bytes.data(), size);
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(std::numeric_limits<int>::max());
  coded.SetRecursionLimit(kRecursionLimit);
  onnx::ModelProto model;
  if (!model.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage()) {
    return invalid("not an ONNX model, or a truncated one: its " + std::to_string(size) +
                   " bytes do not parse near byte " + std::to_string(coded.CurrentPosition()));
  }
  if (!model.has_graph()) return invalid("not an ONNX model: it has no graph");
  return model;
}

}  // namespace pare::engine
