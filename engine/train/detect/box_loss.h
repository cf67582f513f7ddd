// Losses of boxes against boxes: tensors (N, 4) of centre and size, one loss a row, from 0 up.
//
// Sources: Rezatofighi et al. 2019 (GIoU); Zheng et al. 2020 (CIoU, with gradients through the
// weight of the aspect, which the reference stops).
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace pare::engine {

enum class BoxLoss : std::uint8_t { kGiou, kCiou };

torch::Tensor box_loss(const torch::Tensor& predicted, const torch::Tensor& wanted, BoxLoss kind);

}  // namespace pare::engine
