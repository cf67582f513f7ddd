// What the file of a super-network says of itself, without its weights.
//
// It is a safetensors (engine/graph/tensor_file.h); only the header is read.  Trusts nothing.
#pragma once

#include <filesystem>
#include <string>

#include "core/result.h"
#include "core/training.h"

namespace pare::wire {

struct SupernetFacts {
  std::string model_sha256;       // of the detector that it was trained for
  std::string statistics_sha256;  // that its training repaired sub-networks with
  Training training;
};

// Fails with kNotFound if the file cannot be read, with kInvalidArgument, naming what is wrong, if
// it is none that says all of this, or holds the weights of one plan alone.  Cost: as the header,
// which is refused beyond 16 MiB.
Result<SupernetFacts> read_supernet_facts(const std::filesystem::path& file);

}  // namespace pare::wire
