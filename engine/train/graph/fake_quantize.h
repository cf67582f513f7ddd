// What eight bits leave of a tensor, with gradients: to the tensor as if it had not been rounded
// where it lies within the range, none outside; to the scale as rounding and clamping have it.
//
// Source: learned step size quantization (Esser et al., LSQ, ICLR 2020), by torch's own operators.
// Cost: two passes over the tensor, three back.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "engine/train/graph/torch_ops.h"

namespace pare::engine {

// QuantizeLinear and DequantizeLinear of uint8 as one; inputs: x, scale, zero point.  One scale for
// the whole tensor.
std::vector<torch::Tensor> run_fake_quantize(const TorchCall& call);

// Weights as int8 leaves them, one symmetric scale for each row, which follows the largest value
// (engine/quant/quantize_weights.h).  `weights`: (rows, ...); bits: 7 or 8.  Gradients pass.
torch::Tensor fake_quantize_rows(const torch::Tensor& weights, int bits);

}  // namespace pare::engine
