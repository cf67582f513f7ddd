// x sigmoid(x), forward and back, each in one pass over the map.
//
// torch's own takes as long as the 1x1 convolution before it: it is compiled for processors
// without AVX-512 and calls its exponential eight numbers at a time (bench/train_speed).  Within
// 1e-6 of it; equal to the bit for equal threads and kind of processor.
#pragma once

#include <torch/torch.h>

namespace pare::engine {

// Any tensor; other than dense float32 on the host, torch's own.
torch::Tensor sigmoid_linear(const torch::Tensor& x);

}  // namespace pare::engine
