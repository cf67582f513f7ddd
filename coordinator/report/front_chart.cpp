#include "coordinator/report/front_chart.h"

#include <algorithm>
#include <cmath>

#include "coordinator/report/document.h"
#include "core/number_text.h"

namespace pare::coordinator {
namespace {

constexpr double kWidth = 640, kHeight = 340;
constexpr double kLeft = 56, kRight = 16, kTop = 14, kBottom = 40;

std::string number(double value) {
  return fixed_text(value, 1);
}

// What an axis reaches over, and where on the picture a value of it lies.
struct Axis {
  double low = 0, high = 1;
  double from = 0, to = 1;  // on the picture

  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

// A tenth more on both sides, so that nothing stands on the frame.
Axis axis_over(double low, double high, double from, double to) {
  const double room = std::max((high - low) * 0.1, 1e-3);
  return {low - room, high + room, from, to};
}

// 1, 2 or 5 times a power of ten: at most so many steps over the range.
double step_of(double range, int most) {
  const double power = std::pow(10.0, std::floor(std::log10(range / most)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (range / (power * factor) <= most) return power * factor;
  }
  return power * 10;
}

class Drawing {
 public:
  Drawing(const std::vector<ChartPoint>& points, std::string accuracy)
      : points_(points), accuracy_(std::move(accuracy)) {
    double fast = points[0].ms, slow = points[0].ms, low = points[0].map, high = points[0].map;
    for (const ChartPoint& point : points) {
      fast = std::min(fast, point.ms_low > 0 ? point.ms_low : point.ms);
      slow = std::max({slow, point.ms_high, point.ms});
      low = std::min(low, point.map_low > 0 ? point.map_low : point.map);
      high = std::max({high, point.map_high, point.map});
    }
    x_ = axis_over(std::log(fast), std::log(slow), kLeft, kWidth - kRight);
    y_ = axis_over(low, high, kHeight - kBottom, kTop);
  }

  std::string svg() && {
    out_ = "<svg viewBox=\"0 0 " + number(kWidth) + " " + number(kHeight) +
           "\" role=\"img\" aria-label=\"" + html_escaped(accuracy_ + " by latency") + "\">\n";
    ticks_of_latency();
    ticks_of_accuracy();
    for (const ChartPoint& point : points_) draw(point);
    return out_ + "</svg>";
  }

 private:
  void line(double x1, double y1, double x2, double y2, const char* colour) {
    out_ += "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) +
            "\" y2=\"" + number(y2) + "\" stroke=\"var(--" + colour + ")\"/>\n";
  }

  void text(double x, double y, const char* anchor, const std::string& says) {
    out_ += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor +
            "\">" + html_escaped(says) + "</text>\n";
  }

  // Latencies that are read easily, as many as have room.
  void ticks_of_latency() {
    const double low = std::exp(x_.low), high = std::exp(x_.high);
    const double step = step_of(high - low, 7);
    for (double ms = std::ceil(low / step) * step; ms <= high; ms += step) {
      if (ms <= 0) continue;
      const double x = x_.at(std::log(ms));
      line(x, kTop, x, kHeight - kBottom, "line");
      text(x, kHeight - kBottom + 16, "middle", milliseconds(ms));
    }
    text(kWidth - kRight, kHeight - 6, "end", "ms");
  }

  void ticks_of_accuracy() {
    const double step = step_of(y_.high - y_.low, 6);
    for (double map = std::ceil(y_.low / step) * step; map <= y_.high; map += step) {
      const double y = y_.at(map);
      line(kLeft, y, kWidth - kRight, y, "line");
      text(kLeft - 6, y + 4, "end", percent_points(map));
    }
    text(4, kTop + 4, "start", accuracy_);
  }

  void draw(const ChartPoint& point) {
    const double x = x_.at(std::log(point.ms)), y = y_.at(point.map);
    const char* colour = point.original ? "other" : "mark";
    if (point.map_high > 0) line(x, y_.at(point.map_low), x, y_.at(point.map_high), colour);
    if (point.ms_low > 0) {
      line(x_.at(std::log(point.ms_low)), y, x_.at(std::log(point.ms_high)), y, colour);
    }
    out_ += "<circle cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"4.5\" fill=\"var(--" +
            colour + ")\"><title>" + html_escaped(point.name) + "</title></circle>\n";
  }

  const std::vector<ChartPoint>& points_;
  std::string accuracy_;
  Axis x_, y_;
  std::string out_;
};

}  // namespace

std::string front_chart(const std::vector<ChartPoint>& points, const std::string& accuracy) {
  return points.empty() ? std::string() : Drawing(points, accuracy).svg();
}

}  // namespace pare::coordinator
