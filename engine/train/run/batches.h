// Augmented batches, the next one made while one is trained on.
//
// A batch depends on seed and step alone.  Cost: augment.h for each image, in one thread of its
// own, which ends with this object.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <future>
#include <span>

#include "engine/train/data/augment.h"

namespace pare::engine {

class Batches {
 public:
  // REQUIRES: the images outlive it.
  Batches(std::span<const Image> images, InputForm form, int size, std::uint64_t seed)
      : images_(images), form_(std::move(form)), size_(size), seed_(seed) {}

  // (size, 3, H, W), channels last.  Fast where the step before was asked for last.
  torch::Tensor at(std::int64_t step);

 private:
  torch::Tensor make(std::int64_t step) const;

  std::span<const Image> images_;
  InputForm form_;
  int size_;
  std::uint64_t seed_;
  std::int64_t next_step_ = -1;
  std::future<torch::Tensor> next_;
};

}  // namespace pare::engine
