#include "engine/train/graph/silu.h"

#include <ATen/Parallel.h>

#include <bit>
#include <cstdint>

// One version for each width of vectors; the loader takes the one that fits.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PARE_FOR_EACH_WIDTH \
  __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default"), optimize("O3")))
#else
#define PARE_FOR_EACH_WIDTH
#endif

namespace pare::engine {
namespace {

constexpr std::int64_t kGrain = 1 << 15;

// exp(-x) as 2^n e^r, |r| <= ln 2 / 2: a polynomial of degree 6, within 2e-7 of its value.
inline __attribute__((always_inline)) float exp_of_minus(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 x 2^23: adding it leaves a whole number
  const float y = -(x < -87.0F ? -87.0F : x > 87.0F ? 87.0F : x);
  const float shifted = y * 1.44269504F + kRound;
  const float n = shifted - kRound;
  const float r = (y - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const std::uint32_t exponent = (std::bit_cast<std::uint32_t>(shifted) + 127U) << 23U;
  return p * std::bit_cast<float>(exponent);
}

PARE_FOR_EACH_WIDTH
void forward_pass(const float* x, float* y, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) y[i] = x[i] / (1.0F + exp_of_minus(x[i]));
}

PARE_FOR_EACH_WIDTH
void backward_pass(const float* x, const float* slope, float* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float share = 1.0F / (1.0F + exp_of_minus(x[i]));
    out[i] = slope[i] * share * (1.0F + x[i] * (1.0F - share));
  }
}

bool is_dense(const torch::Tensor& x) {
  return x.dtype() == torch::kFloat32 && x.device().is_cpu() &&
         x.is_contiguous(x.suggest_memory_format());
}

class Silu : public torch::autograd::Function<Silu> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x) {
    context->save_for_backward({x});
    torch::Tensor made = torch::empty_like(x);
    const float* const from = x.data_ptr<float>();
    float* const to = made.data_ptr<float>();
    at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t first, std::int64_t last) {
      forward_pass(from + first, to + first, last - first);
    });
    return made;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const torch::Tensor x = context->get_saved_variables()[0];
    const torch::Tensor slope = gradients[0].contiguous(x.suggest_memory_format());
    torch::Tensor made = torch::empty_like(x);
    const float* const from = x.data_ptr<float>();
    const float* const slopes = slope.data_ptr<float>();
    float* const to = made.data_ptr<float>();
    at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t first, std::int64_t last) {
      backward_pass(from + first, slopes + first, to + first, last - first);
    });
    return {made};
  }
};

}  // namespace

torch::Tensor sigmoid_linear(const torch::Tensor& x) {
  return is_dense(x) ? Silu::apply(x) : torch::silu(x);
}

}  // namespace pare::engine
