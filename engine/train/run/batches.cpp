#include "engine/train/run/batches.h"

#include <cstring>
#include <vector>

namespace pare::engine {

torch::Tensor Batches::at(std::int64_t step) {
  torch::Tensor batch = next_.valid() && next_step_ == step ? next_.get() : make(step);
  next_step_ = step + 1;
  next_ = std::async(std::launch::async, [this, wanted = next_step_] { return make(wanted); });
  return batch;
}

torch::Tensor Batches::make(std::int64_t step) const {
  torch::Tensor batch = torch::empty({size_, 3, form_.height, form_.width});
  const std::int64_t each = batch.numel() / size_;
  for (int i = 0; i < size_; ++i) {
    const std::vector<float> input = augmented(
        images_, form_,
        KeyedRandom(seed_, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(i)));
    std::memcpy(batch.data_ptr<float>() + i * each, input.data(), input.size() * sizeof(float));
  }
  return batch.contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace pare::engine
