#include "engine/onnx/extra_inputs.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "engine/graph/convert.h"
#include "engine/graph/image_layout.h"
#include "engine/graph/messages.h"
#include "engine/onnx/image_input.h"

namespace pare::engine {
namespace {

enum class Says : std::uint8_t { kHeightWidth, kWidthHeight, kScale, kHeightWidthScale };

struct KnownInput {
  std::string_view name;
  Says says;
};

constexpr std::array kKnown = {
    KnownInput{"im_shape", Says::kHeightWidth},
    KnownInput{"image_shape", Says::kHeightWidth},
    KnownInput{"img_shape", Says::kHeightWidth},
    KnownInput{"image_size", Says::kHeightWidth},
    KnownInput{"img_size", Says::kHeightWidth},
    KnownInput{"im_size", Says::kHeightWidth},
    KnownInput{"ori_shape", Says::kHeightWidth},
    KnownInput{"orig_target_sizes", Says::kWidthHeight},
    KnownInput{"scale_factor", Says::kScale},
    KnownInput{"im_info", Says::kHeightWidthScale},
};

std::vector<float> numbers_of(Says says, float height, float width) {
  switch (says) {
    case Says::kHeightWidth: return {height, width};
    case Says::kWidthHeight: return {width, height};
    case Says::kScale: return {1, 1};
    case Says::kHeightWidthScale: break;
  }
  return {height, width, 1};
}

// As (n) or (1, n); an open dimension is taken for what it has to be.
std::optional<Shape> shape_for(const onnx::ValueInfoProto& input, std::size_t count) {
  const auto& dims = input.type().tensor_type().shape().dim();
  Shape wanted = {1, static_cast<std::int64_t>(count)};
  if (dims.size() == 1) wanted.erase(wanted.begin());
  if (std::cmp_not_equal(dims.size(), wanted.size())) return std::nullopt;
  for (int axis = 0; axis < dims.size(); ++axis) {
    const std::int64_t said = dims[axis].has_dim_value() ? dims[axis].dim_value() : 0;
    if (said > 0 && said != wanted[static_cast<std::size_t>(axis)]) return std::nullopt;
  }
  return wanted;
}

Error not_known(const onnx::ValueInfoProto& input, const TensorInfo& image) {
  return unsupported("beside the image " + in_quotes(image.name) + " the model has the input " +
                     in_quotes(input.name()) +
                     ", which is none that says the image's size or scale (im_shape, scale_factor "
                     "and their like): export the model with one input");
}

}  // namespace

const onnx::ValueInfoProto* image_among(const std::vector<const onnx::ValueInfoProto*>& inputs) {
  if (inputs.size() == 1) return inputs.front();
  const auto has = [](int dimensions) {
    return [dimensions](const onnx::ValueInfoProto* input) {
      return input->type().tensor_type().shape().dim_size() == dimensions;
    };
  };
  for (const int dimensions : {4, 0}) {
    const auto found = std::ranges::find_if(inputs, has(dimensions));
    if (found != inputs.end()) return *found;
  }
  return nullptr;
}

Result<Tensor> bound_value(const onnx::ValueInfoProto& input, const TensorInfo& image) {
  const auto known = std::ranges::find(kKnown, input.name(), &KnownInput::name);
  if (known == kKnown.end()) return not_known(input, image);
  const auto dtype = element_type(input, "input " + in_quotes(input.name()));
  if (!dtype) return dtype.error();
  const std::size_t height = has_channels_last(image.shape) ? 1 : 2;
  const auto numbers = numbers_of(known->says, static_cast<float>(image.shape.at(height)),
                                  static_cast<float>(image.shape.at(height + 1)));
  const auto shape = shape_for(input, numbers.size());
  if (!shape) return not_known(input, image);
  return converted(Tensor::of<float>(*shape, numbers), dtype.value());
}

}  // namespace pare::engine
