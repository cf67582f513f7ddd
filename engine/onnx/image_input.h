// The input of a model that is its image, its open dimensions bound.  Private to engine/onnx.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/onnx/onnx_io.h"
#include "engine/onnx/tidy_model.h"

namespace pare::engine {

// Of an input or output.  Fails with kUnsupported, `where` in front, for what is no tensor or of a
// type that Pare does not handle.
Result<DType> element_type(const onnx::ValueInfoProto& info, const std::string& where);

// What is left open is bound: the batch to 1, channels to 3, height and width to
// `options.input_size`; where the file declares no shape at all, so is the whole of it.  Says what
// it bound.  Dimensions are (1, 3, height, width), or (1, height, width, 3) where the last one
// is 3. Fails with kInvalidArgument where height and width are open and nobody said them, with
// kUnsupported for a batch that is fixed to more than 1.
Result<TensorInfo> image_input(const onnx::ValueInfoProto& info, const ImportOptions& options,
                               Notes& notes);

}  // namespace pare::engine
