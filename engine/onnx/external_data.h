// Models that keep their weights in files beside them, made into one file.
//
// A tensor names such a file relative to the model's folder, and a part of it.  It is read only
// where it lies in that folder, links followed: what comes from a stranger reads nothing else of
// this machine.  Tensors of nodes, of subgraphs and of functions are found, too.
//
// Source: ONNX, docs/ExternalData.md (location, offset, length; a checksum is not looked at).
// Cost: the files' bytes are read once, and are in memory up to three times.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace pare::engine {

struct JoinedModel {
  std::string onnx;                // one file
  std::vector<std::string> files;  // that were read beside the model's, as it names them; sorted
};

// nullopt: all of the model is in its file, or it is no ONNX model that can be read (import_onnx
// says why).  Fails,
// naming tensor, file, offset and length: kInvalidArgument for a path out of the folder, and for a
// part that is none or is not in the file; kNotFound for a file that is not there; kUnsupported
// where all of it is more than the 2 GiB that protobuf has room for.
Result<std::optional<JoinedModel>> join_external_data(const std::filesystem::path& model);

}  // namespace pare::engine
