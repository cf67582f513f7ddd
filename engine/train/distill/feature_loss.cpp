#include "engine/train/distill/feature_loss.h"

#include <ATen/Parallel.h>

#include <cstdint>
#include <numeric>
#include <vector>

namespace pare::engine {
namespace {

constexpr double kLeastShare = 1e-3;
constexpr std::int64_t kPlacesAtATime = 256;  // of one sum: the same sums for any number of threads

// A map as rows of channels, one for each place.
torch::Tensor channels_last(const torch::Tensor& map) {
  return map.contiguous(at::MemoryFormat::ChannelsLast);
}

struct Places {
  const float* student;
  const float* teacher;
  const std::int64_t* rows;  // null: all
  const float* inverse;      // by channel of the teacher
  const float* weights;      // by place
  std::int64_t channels, all_channels;

  // The errors of some places, and how much each of them adds to the loss for a step.
  double errors(std::int64_t first, std::int64_t last, float scale, float* slopes) const {
    double sum = 0;
    for (std::int64_t p = first; p < last; ++p) {
      const float* const own = student + p * channels;
      const float* const wanted = teacher + p * all_channels;
      float* const slope = slopes + p * channels;
      float of_place = 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        const std::int64_t r = rows == nullptr ? c : rows[c];
        const float difference = own[c] - wanted[r];
        slope[c] = difference * inverse[r] * weights[p] * scale;
        of_place += slope[c] * difference;
      }
      sum += double{of_place};
    }
    return sum;
  }
};

// One map is kept for the way back instead of the four that torch's own operators would keep.
class WeightedError : public torch::autograd::Function<WeightedError> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               const torch::Tensor& student_map, const torch::Tensor& teacher_map,
                               const torch::Tensor& rows, const torch::Tensor& inverse,
                               const torch::Tensor& weights_map) {
    const torch::Tensor student = channels_last(student_map), teacher = channels_last(teacher_map);
    const torch::Tensor weights = weights_map.contiguous();
    torch::Tensor slopes = torch::empty_like(student);
    const Places places{student.data_ptr<float>(),
                        teacher.data_ptr<float>(),
                        rows.numel() > 0 ? rows.data_ptr<std::int64_t>() : nullptr,
                        inverse.data_ptr<float>(),
                        weights.data_ptr<float>(),
                        student.size(1),
                        teacher.size(1)};
    const std::int64_t count = student.numel() / student.size(1);
    const auto scale = 1 / static_cast<float>(student.numel());
    std::vector<double> sums(
        static_cast<std::size_t>((count + kPlacesAtATime - 1) / kPlacesAtATime));
    at::parallel_for(0, std::ssize(sums), 8, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t s = first; s < last; ++s) {
        sums[static_cast<std::size_t>(s)] =
            places.errors(s * kPlacesAtATime, std::min((s + 1) * kPlacesAtATime, count), scale,
                          slopes.data_ptr<float>());
      }
    });
    context->save_for_backward({slopes});
    return torch::tensor(std::accumulate(sums.begin(), sums.end(), 0.0), torch::kFloat32);
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const torch::Tensor slopes = context->get_saved_variables()[0];
    return {slopes * (2 * gradients[0]), {}, {}, {}, {}};
  }
};

}  // namespace

// torch's own variance over these dimensions takes half of a step.
torch::Tensor inverse_variances(const torch::Tensor& map) {
  const torch::Tensor rows = map.permute({0, 2, 3, 1}).reshape({-1, map.size(1)});
  const torch::Tensor mean = rows.mean(0);
  const torch::Tensor variance = ((rows * rows).mean(0) - mean * mean).clamp_min(0);
  const double usual = variance.mean().item<double>();
  return variance.clamp_min(kLeastShare * usual + 1e-12).reciprocal().contiguous();
}

torch::Tensor feature_loss(const torch::Tensor& student, const torch::Tensor& teacher,
                           const torch::Tensor& rows, const torch::Tensor& inverse,
                           const torch::Tensor& weights) {
  // torch's functions take no undefined tensor.
  const torch::Tensor named = rows.defined() ? rows : torch::empty({0}, torch::kInt64);
  return WeightedError::apply(student, teacher, named, inverse, weights);
}

}  // namespace pare::engine
