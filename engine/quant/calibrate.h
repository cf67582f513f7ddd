// Calibration: which range of an activation's values its eight bits should cover.
//
// Everything works on pooled values in bins, never on images: a candidate's ranges follow from the
// histograms that `prepare` kept.
//
//   min_max              all of them
//   percentile           all but 0.005 % on either side
//   entropy              least Kullback-Leibler divergence of the clipped and quantized
//   distribution
//                        from the distribution (Migacz, "8-bit Inference with TensorRT", GTC 2017)
//   mse                  least expected squared error of a value
//   mse_after_activation the same behind the function that follows: what SiLU flattens costs
//   nothing
//
// Every range holds zero, as int8 arithmetic needs; a symmetric one is as long on either side.
// Cost: about 100 candidate ranges x bins for the searches (a millisecond).  Pure, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/plan.h"
#include "engine/quant/range.h"

namespace pare::engine {

// `count` values spread evenly over [low, high].
struct Bin {
  double low = 0;
  double high = 0;
  double count = 0;
};

// The values of one tensor, or of some channels of it.
struct Distribution {
  Range limit;            // exact; it holds zero
  std::vector<Bin> bins;  // ascending, none of them empty; within the limit
};

// What stands behind a tensor, if all of it is read through that.
enum class FollowedBy : std::uint8_t { kOther, kSilu, kSigmoid };

struct Calibration {
  RangeMethod method = RangeMethod::kMinMax;
  bool symmetric = false;
  FollowedBy followed_by = FollowedBy::kOther;  // for kMseAfterActivation
};

Range choose_range(const Distribution& values, const Calibration& calibration);

// level = round(value / scale) + zero_point, in [0, 2^bits).
struct ActivationScale {
  float scale = 1;
  std::uint16_t zero_point = 0;
  int bits = 8;
};

// Scale 1 for a range that holds nothing but zero.  Symmetric ranges have the zero point 128, or
// 32768 with 16 bits.  REQUIRES: 8 or 16 bits.
ActivationScale scale_of(Range range, bool symmetric, int bits = 8);

// The mean of the values, and that of what is left of them in so few bits.
double mean(const Distribution& values);
double quantized_mean(const Distribution& values, ActivationScale scale);

}  // namespace pare::engine
