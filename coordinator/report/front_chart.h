// A front as a picture: latency to the right, on a logarithmic axis, accuracy upwards, each member
// with its 95 % intervals, the original apart.
//
// SVG, coloured by the page's own variables (--ink, --line, --mark, --other).  Pure; any thread.
#pragma once

#include <string>
#include <vector>

namespace pare::coordinator {

struct ChartPoint {
  double ms = 0, ms_low = 0, ms_high = 0;
  double map = 0, map_low = 0, map_high = 0;  // 0..1
  bool original = false;
  std::string name;
};

// REQUIRES: every `ms` is above 0.  Empty without a point.
std::string front_chart(const std::vector<ChartPoint>& points, const std::string& accuracy);

}  // namespace pare::coordinator
