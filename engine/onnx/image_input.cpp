#include "engine/onnx/image_input.h"

#include <optional>
#include <utility>

#include "engine/graph/image_layout.h"
#include "engine/graph/messages.h"
#include "engine/onnx/tensor_proto.h"

namespace pare::engine {
namespace {

constexpr std::int64_t kLargestDimension = 1 << 20;
constexpr const char* kSayTheSize =
    "say the input's height and width (--input HxW, or \"input\": [height, width] in the card)";

// Open dimensions are 0: old exporters write 0 or -1 for "any", a name says the same.
Shape declared_shape(const onnx::TensorShapeProto& proto) {
  Shape shape;
  for (const auto& dimension : proto.dim()) {
    const bool known = dimension.has_dim_value() && dimension.dim_value() > 0;
    shape.push_back(known ? dimension.dim_value() : 0);
  }
  return shape;
}

// Binds what is open, and names it.
std::string bind_open(Shape& shape, const std::optional<std::pair<int, int>>& size) {
  std::string bound;
  const auto bind = [&](std::size_t axis, std::int64_t value, const char* what) {
    if (axis >= shape.size() || shape[axis] != 0) return;
    shape[axis] = value;
    bound += (bound.empty() ? "" : ", ") + std::string(what);
  };
  bind(0, 1, "batch");
  if (shape.size() != 4) return bound;
  const std::size_t height = has_channels_last(shape) ? 1 : 2;
  if (height == 2) bind(1, 3, "channels");
  if (size) bind(height, size->first, "height");
  if (size) bind(height + 1, size->second, "width");
  return bound;
}

Result<std::monostate> check_closed(const Shape& shape, const std::string& where) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] > 0 && shape[axis] <= kLargestDimension) continue;
    const std::string at = where + ", dimension " + std::to_string(axis) + " of " +
                           std::to_string(shape.size()) + ", ";
    if (shape[axis] != 0) return invalid(at + "is " + std::to_string(shape[axis]));
    const std::size_t height = has_channels_last(shape) ? 1 : 2;
    const bool sized = shape.size() == 4 && (axis == height || axis == height + 1);
    return invalid(at + "is left open by the file" +
                   (sized ? "; " + std::string(kSayTheSize) : " and is not a height or width"));
  }
  return std::monostate{};
}

}  // namespace

Result<DType> element_type(const onnx::ValueInfoProto& info, const std::string& where) {
  if (!info.type().has_tensor_type()) return unsupported(where + " is not a tensor");
  const int type = info.type().tensor_type().elem_type();
  const std::optional<DType> dtype = dtype_from_onnx(type);
  if (dtype) return *dtype;
  return unsupported(where + " has element type " + onnx_type_name(type) +
                     ", which is not handled");
}

Result<TensorInfo> image_input(const onnx::ValueInfoProto& info, const ImportOptions& options,
                               Notes& notes) {
  const std::string where = "input " + in_quotes(info.name());
  const Result<DType> dtype = element_type(info, where);
  if (!dtype) return dtype.error();
  const auto& type = info.type().tensor_type();
  Shape shape = declared_shape(type.shape());
  if (shape.empty()) {
    if (type.has_shape()) return invalid(where + " is a single number, no image");
    if (!options.input_size) return invalid(where + " declares no shape; " + kSayTheSize);
    shape.assign(4, 0);
  }
  const std::string bound = bind_open(shape, options.input_size);
  if (shape.size() == 4 && shape[0] != 1) {
    return unsupported(where + " has a fixed batch of " + std::to_string(shape[0]) +
                       "; export the model with a batch of 1");
  }
  if (auto closed = check_closed(shape, where); !closed) return closed.error();
  if (!bound.empty()) {
    notes.push_back("Input " + in_quotes(info.name()) + " leaves open: " + bound +
                    ". Candidates take " + to_string(shape) + ".");
  }
  return TensorInfo{info.name(), dtype.value(), std::move(shape)};
}

}  // namespace pare::engine
