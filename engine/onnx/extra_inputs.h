// Inputs beside the image that say its size or scale, bound to what they are for an image that
// fills the input.  Private to engine/onnx.
//
// Source of the names: PaddleDetection deploy/EXPORT_ONNX_MODEL.md (image, im_shape, scale_factor),
// RT-DETR tools/export_onnx.py (orig_target_sizes), ONNX model zoo, yolov3 (image_shape).
#pragma once

#include <onnx/onnx_pb.h>

#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"

namespace pare::engine {

// The only input, or the first of several that has four dimensions, or no shape.  Null if there is
// none.
const onnx::ValueInfoProto* image_among(const std::vector<const onnx::ValueInfoProto*>& inputs);

// The value of an input beside `image`.  Fails with kUnsupported, naming the input, if it is none
// that we know by its name and shape.
Result<Tensor> bound_value(const onnx::ValueInfoProto& input, const TensorInfo& image);

}  // namespace pare::engine
