// What single numbers of a described head compute: functions of raw numbers, and sides of boxes.
// Private to engine/heads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/head_description.h"
#include "engine/heads/head_form.h"
#include "engine/heads/tail_tracer.h"

namespace pare::engine {

// scale * f(weight * raw), with the raw number of bin 0 of a distribution, or of the class of a
// softmax or joint sigmoid.
struct BehindNumber {
  RawNumber raw;
  double weight = 1, scale = 1;
  std::optional<RawNumber> objectness = {};  // of a joint sigmoid
};

// nullopt: it is no such number.  `member`, `members`: which of how many of a softmax.
std::optional<BehindNumber> behind(const Formula& number, HeadFunction function,
                                   const TailTracer& tracer, int member = 0, int members = 0);

// The four raw numbers of a box, if that is what the description says of it: `numbers` are those
// of the output in pixels, `at` the cell's column and line.  `anchor` and `reach` are filled in
// where they are 0.
std::optional<std::array<BehindNumber, 4>> behind_box(const HeadBox& box,
                                                      const std::array<Formula, 4>& numbers,
                                                      const TailTracer& tracer, int stride,
                                                      std::array<std::int64_t, 2> at,
                                                      std::array<double, 2>& anchor, double& reach);

}  // namespace pare::engine
