#include "examples/circuit_boards/renderer/defects.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <utility>

namespace pare::examples {
namespace {

constexpr int kTries = 60;

// A blob with an uneven edge, long `along` the direction and `across` it (both half lengths).
std::vector<cv::Point> blob(cv::Point2d centre, cv::Point2d direction, double along, double across,
                            Random& random) {
  const int corners = random.whole(7, 11);
  const cv::Point2d normal{-direction.y, direction.x};
  std::vector<cv::Point> outline;
  for (int i = 0; i < corners; ++i) {
    const double angle = 2.0 * std::numbers::pi * (i + random.between(-0.25, 0.25)) / corners;
    const double reach = random.between(0.78, 1.12);
    outline.push_back(to_mask(centre + direction * (along * reach * std::cos(angle)) +
                              normal * (across * reach * std::sin(angle))));
  }
  return outline;
}

void fill(cv::Mat& mask, const std::vector<cv::Point>& outline, double value) {
  cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{outline}, cv::Scalar(value));
}

// A point on the middle line of a trace.
struct Spot {
  cv::Point2d at, along, normal;
  double width = 0;
};

class Spoiler {
 public:
  Spoiler(const Board& board, Random& random, Layers& layers)
      : board_(board), random_(random), layers_(layers) {
    // Bodies hide: nothing is put where it could not be seen at all.
    closed_ = layers.dark | layers.ceramic;
  }

  std::optional<Defect> add(DefectKind kind) {
    const Layers before{.copper = layers_.copper.clone(),
                        .metal = layers_.metal.clone(),
                        .holes = layers_.holes.clone(),
                        .silk = {},
                        .dark = {},
                        .ceramic = {}};
    for (int i = 0; i < kTries; ++i) {
      const std::optional<cv::Point2d> at = attempt(kind);
      if (!at) continue;
      cv::Mat pixels = (before.copper != layers_.copper) | (before.metal != layers_.metal);
      if (kind == DefectKind::kMissingHole) {
        // The pad is at fault, not the dark disc that is not there.
        cv::circle(pixels, to_mask(*at), to_mask(board_.pitch * 0.38), cv::Scalar(255), cv::FILLED);
      }
      if (cv::countNonZero(pixels) < 12 * kScale * kScale) {
        before.copper.copyTo(layers_.copper);
        before.metal.copyTo(layers_.metal);
        before.holes.copyTo(layers_.holes);
        continue;
      }
      used_.push_back(*at);
      return Defect{kind, std::move(pixels)};
    }
    return std::nullopt;
  }

 private:
  bool lit(const cv::Mat& mask, cv::Point2d p) const {
    const cv::Point q = to_mask(p);
    return q.x >= 0 && q.y >= 0 && q.x < mask.cols && q.y < mask.rows &&
           mask.at<unsigned char>(q) != 0;
  }

  bool allowed(cv::Point2d p) const {
    const double border = kMargin + 12;
    if (p.x < border || p.y < border || p.x > board_.size.width - border ||
        p.y > board_.size.height - border || lit(closed_, p)) {
      return false;
    }
    return std::ranges::none_of(
        used_, [&](cv::Point2d q) { return cv::norm(p - q) < 1.5 * board_.pitch; });
  }

  double to_nearest_pad(cv::Point2d p) const {
    double nearest = 1e9;
    for (const Pad& pad : board_.pads) {
      nearest = std::min(nearest, cv::norm(p - pad.centre) - std::max(pad.radius, pad.height));
    }
    return nearest;
  }

  std::optional<Spot> trace_spot(double from_pads) {
    if (board_.traces.empty()) return std::nullopt;
    const Trace& trace = board_.traces[random_.index(board_.traces.size())];
    const std::size_t i = 1 + random_.index(trace.points.size() - 1);
    const cv::Point2d a = trace.points[i - 1], b = trace.points[i];
    const cv::Point2d along = (b - a) * (1.0 / cv::norm(b - a));
    const double side = random_.chance(0.5) ? 1.0 : -1.0;
    const Spot spot{a + (b - a) * random_.between(0.2, 0.8), along,
                    cv::Point2d{-along.y, along.x} * side, trace.width};
    if (!allowed(spot.at) || to_nearest_pad(spot.at) < from_pads) return std::nullopt;
    return spot;
  }

  // How far it is from the trace's edge to the next copper along the normal; at most `limit`.
  double free_way(const Spot& spot, double limit) const {
    for (double d = 1.0; d < limit; d += 0.5) {
      const cv::Point2d p = spot.at + spot.normal * (spot.width / 2 + d);
      if (lit(layers_.copper, p)) return d;
      if (lit(closed_, p)) return 0;
    }
    return limit;
  }

  std::optional<cv::Point2d> attempt(DefectKind kind) {
    switch (kind) {
      case DefectKind::kMissingHole: return missing_hole();
      case DefectKind::kMouseBite: return mouse_bite();
      case DefectKind::kOpenCircuit: return open_circuit();
      case DefectKind::kShort: return short_circuit();
      case DefectKind::kSpur: return spur();
      case DefectKind::kSpuriousCopper: return spurious_copper();
    }
    return std::nullopt;
  }

  std::optional<cv::Point2d> missing_hole() {
    const Pad& pad = board_.pads[random_.index(board_.pads.size())];
    if (pad.hole <= 0 || pad.radius < 0.34 * board_.pitch || !allowed(pad.centre) ||
        !lit(layers_.holes, pad.centre)) {
      return std::nullopt;
    }
    cv::circle(layers_.holes, to_mask(pad.centre), to_mask(pad.hole + 1.0), cv::Scalar(0),
               cv::FILLED);
    return pad.centre;
  }

  std::optional<cv::Point2d> mouse_bite() {
    const auto spot = trace_spot(3.0);
    if (!spot) return std::nullopt;
    const double depth = spot->width * random_.between(0.45, 0.72);
    const double half = random_.between(0.24, 0.44) * board_.pitch;
    const cv::Point2d edge = spot->at + spot->normal * (spot->width / 2);
    fill(layers_.copper, blob(edge, spot->along, half, depth, random_), 0);
    return edge;
  }

  std::optional<cv::Point2d> open_circuit() {
    const auto spot = trace_spot(4.0);
    if (!spot) return std::nullopt;
    const double half = random_.between(0.18, 0.38) * board_.pitch;
    fill(layers_.copper, blob(spot->at, spot->along, half, spot->width * 0.85, random_), 0);
    return spot->at;
  }

  std::optional<cv::Point2d> short_circuit() {
    const auto spot = trace_spot(1.0);
    if (!spot) return std::nullopt;
    const double limit = board_.pitch * 1.1, way = free_way(*spot, limit);
    if (way < 0.25 * board_.pitch || way >= limit) return std::nullopt;
    const cv::Point2d middle = spot->at + spot->normal * ((spot->width + way) / 2);
    const double half = random_.between(0.17, 0.32) * board_.pitch;
    fill(layers_.copper, blob(middle, spot->normal, way / 2 + 0.14 * board_.pitch, half, random_),
         255);
    return middle;
  }

  std::optional<cv::Point2d> spur() {
    const auto spot = trace_spot(3.0);
    if (!spot) return std::nullopt;
    const double way = free_way(*spot, board_.pitch * 1.2);
    if (way < 0.5 * board_.pitch) return std::nullopt;
    const double length = std::min(way * 0.72, random_.between(0.42, 0.70) * board_.pitch);
    const double half = random_.between(0.16, 0.28) * board_.pitch;
    const cv::Point2d edge = spot->at + spot->normal * (spot->width / 2);
    const cv::Point2d lean = spot->along * random_.between(-0.5 * half, 0.5 * half);
    fill(layers_.copper, blob(edge + lean, spot->normal, length, half, random_), 255);
    return edge + spot->normal * (length / 2);
  }

  std::optional<cv::Point2d> spurious_copper() {
    const cv::Point2d at{random_.between(0, board_.size.width),
                         random_.between(0, board_.size.height)};
    if (!allowed(at)) return std::nullopt;
    const double radius = random_.between(0.24, 0.46) * board_.pitch;
    const double angle = random_.between(0, std::numbers::pi);
    const cv::Point2d along{std::cos(angle), std::sin(angle)};
    for (double turn = 0; turn < 2 * std::numbers::pi; turn += 0.4) {
      for (const double reach : {0.0, 0.6, 1.0, 1.4}) {
        const cv::Point2d p =
            at + cv::Point2d{std::cos(turn), std::sin(turn)} * (reach * (radius + 2.0));
        if (lit(layers_.copper, p) || lit(closed_, p)) return std::nullopt;
      }
    }
    fill(layers_.copper, blob(at, along, radius * random_.between(1.0, 1.4), radius, random_), 255);
    return at;
  }

  const Board& board_;
  Random& random_;
  Layers& layers_;
  cv::Mat closed_;
  std::vector<cv::Point2d> used_;
};

}  // namespace

std::vector<Defect> add_defects(const Board& board, int wanted, Random& random, Layers& layers) {
  Spoiler spoiler(board, random, layers);
  std::vector<Defect> defects;
  for (int i = 0; i < wanted; ++i) {
    const auto kind = static_cast<DefectKind>(random.index(kDefectNames.size()));
    if (auto defect = spoiler.add(kind)) defects.push_back(std::move(*defect));
  }
  return defects;
}

void add_decoys(const Board& board, Random& random, Layers& layers) {
  const int stubs = board.traces.empty() ? 0 : random.whole(0, 3);
  for (int i = 0; i < stubs; ++i) {  // a short branch that ends in a via: no spur
    const Trace& trace = board.traces[random.index(board.traces.size())];
    const cv::Point2d a = trace.points[0], b = trace.points[1];
    const cv::Point2d along = (b - a) * (1.0 / cv::norm(b - a));
    const cv::Point2d normal{-along.y, along.x};
    const cv::Point2d at = a + (b - a) * 0.5, end = at + normal * (board.pitch * 0.62);
    cv::line(layers.copper, to_mask(at), to_mask(end), cv::Scalar(255), to_mask(trace.width * 0.7));
    cv::circle(layers.copper, to_mask(end), to_mask(board.pitch * 0.2), cv::Scalar(255),
               cv::FILLED);
    cv::circle(layers.holes, to_mask(end), to_mask(board.pitch * 0.09), cv::Scalar(255),
               cv::FILLED);
  }
  const int specks = random.whole(0, 5);
  for (int i = 0; i < specks; ++i) {
    const cv::Point2d at{random.between(0, board.size.width), random.between(0, board.size.height)};
    const double size = random.between(1.0, 0.22 * board.pitch);
    fill(layers.silk, blob(at, {1, 0}, size, size * random.between(0.5, 1.0), random), 255);
  }
}

}  // namespace pare::examples
