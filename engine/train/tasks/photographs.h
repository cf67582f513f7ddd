// The images of a label-free run: those that it learns from, and those that judge it.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/train/data/augment.h"

namespace pare::engine {

struct Photographs {
  std::vector<Image> trained_on;
  std::vector<torch::Tensor> held_out;  // batches of inputs, as when deployed
  std::vector<torch::Tensor> seen;      // likewise, as many of those that are learned from
  std::size_t held_out_count = 0;
  std::string sha256;  // of the list of names
};

// One image in five is held out, 200 at most, the same ones for the same folder.  `most`: of all,
// the first by name; 0: all.  Fails as images_in() and load_images(), and with kInvalidArgument
// where there are not two images.
Result<Photographs> load_photographs(const std::filesystem::path& folder, std::size_t most,
                                     const InputForm& form);

}  // namespace pare::engine
