#include "examples/circuit_boards/renderer/board.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <utility>

namespace pare::examples {
namespace {

// The eight directions of a step, 45 degrees apart, in order of the angle.
constexpr std::array<std::pair<int, int>, 8> kSteps = {
    {{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}}};

class Layout {
 public:
  Layout(cv::Size image, Random& random) : random_(random) {
    board_.size = {image.width + 2 * kMargin, image.height + 2 * kMargin};
    board_.pitch = random_.between(21.0, 31.0);
    columns_ = static_cast<int>(board_.size.width / board_.pitch) + 2;
    rows_ = static_cast<int>(board_.size.height / board_.pitch) + 2;
    taken_.assign(static_cast<std::size_t>(columns_ * rows_), false);
    trace_width_ = board_.pitch * random_.between(0.30, 0.42);
  }

  Board make() && {
    place_chips();
    place_parts();
    for (const auto& [node, direction] : starts_) route(node, direction);
    const int walks = columns_ * rows_ / 5;
    for (int i = 0; i < walks; ++i) {
      const cv::Point node{random_.whole(0, columns_ - 1), random_.whole(0, rows_ - 1)};
      if (free(node)) route_from_pad(node);
    }
    place_lone_pads();
    place_texts();
    return std::move(board_);
  }

 private:
  bool inside(cv::Point n) const { return n.x >= 0 && n.y >= 0 && n.x < columns_ && n.y < rows_; }
  std::size_t at(cv::Point n) const { return static_cast<std::size_t>(n.y * columns_ + n.x); }
  bool free(cv::Point n) const { return inside(n) && !taken_[at(n)]; }
  void take(cv::Point n) {
    if (inside(n)) taken_[at(n)] = true;
  }
  cv::Point2d place(cv::Point n) const { return {n.x * board_.pitch, n.y * board_.pitch}; }

  bool free_block(cv::Rect block) const {
    for (int y = block.y; y < block.y + block.height; ++y) {
      for (int x = block.x; x < block.x + block.width; ++x) {
        if (!free({x, y})) return false;
      }
    }
    return true;
  }
  void take_block(cv::Rect block) {
    for (int y = block.y; y < block.y + block.height; ++y) {
      for (int x = block.x; x < block.x + block.width; ++x) take({x, y});
    }
  }

  void add_pin(cv::Point node, int direction) {
    const bool flat = kSteps[static_cast<std::size_t>(direction)].second == 0;
    const double along = board_.pitch * 0.40, across = board_.pitch * 0.24;
    board_.pads.push_back({.centre = place(node),
                           .radius = flat ? along : across,
                           .height = flat ? across : along,
                           .hole = 0,
                           .shape = PadShape::kSquare});
    take(node);
    starts_.emplace_back(node, direction);
  }

  void place_chips() {
    const int wanted = random_.whole(0, 2);
    for (int i = 0; i < wanted; ++i) {
      const int w = random_.whole(2, 4), h = random_.whole(2, 5);
      const cv::Point corner{random_.whole(0, std::max(0, columns_ - w - 2)),
                             random_.whole(0, std::max(0, rows_ - h - 2))};
      if (!free_block({corner.x, corner.y, w + 2, h})) continue;
      for (int y = 0; y < h; ++y) {
        add_pin({corner.x, corner.y + y}, 4);
        add_pin({corner.x + w + 1, corner.y + y}, 0);
      }
      take_block({corner.x + 1, corner.y, w, h});
      const cv::Point2d from = place({corner.x, corner.y}),
                        to = place({corner.x + w + 1, corner.y + h - 1});
      const double p = board_.pitch;
      board_.bodies.push_back(
          {{from.x + 0.2 * p, from.y - 0.4 * p, to.x - from.x - 0.4 * p, to.y - from.y + 0.8 * p},
           true});
      board_.texts.push_back({{from.x + 0.6 * p, (from.y + to.y) / 2 + 0.2 * p},
                              "U" + std::to_string(random_.whole(1, 99)),
                              random_.between(0.35, 0.5)});
    }
  }

  void place_parts() {
    const int wanted = random_.whole(1, 5);
    for (int i = 0; i < wanted; ++i) {
      const bool flat = random_.chance(0.5);
      const cv::Point a{random_.whole(0, columns_ - 1), random_.whole(0, rows_ - 1)};
      const cv::Point b = flat ? cv::Point{a.x + 1, a.y} : cv::Point{a.x, a.y + 1};
      if (!free(a) || !free(b)) continue;
      add_pin(a, flat ? 4 : 6);
      add_pin(b, flat ? 0 : 2);
      const double p = board_.pitch, half = 0.27 * p;
      const cv::Point2d m = (place(a) + place(b)) * 0.5;
      board_.bodies.push_back({flat ? cv::Rect2d{m.x - 0.52 * p, m.y - half, 1.04 * p, 2 * half}
                                    : cv::Rect2d{m.x - half, m.y - 0.52 * p, 2 * half, 1.04 * p},
                               random_.chance(0.4)});
      const cv::Point2d low = place(a), high = place(b);
      if (random_.chance(0.6)) {
        board_.silk_frames.push_back({low.x - 0.46 * p, low.y - 0.46 * p, high.x - low.x + 0.92 * p,
                                      high.y - low.y + 0.92 * p});
      }
    }
  }

  // Two diagonals of one cell would cross.
  bool crosses(cv::Point from, cv::Point to) const {
    if (from.x == to.x || from.y == to.y) return false;
    const cv::Point a{to.x, from.y}, b{from.x, to.y};
    const auto first = std::min(at(a), at(b)), second = std::max(at(a), at(b));
    return inside(a) && inside(b) && diagonals_.contains({first, second});
  }

  std::vector<cv::Point> walk(cv::Point node, int direction) {
    std::vector<cv::Point> path{node};
    const int steps = random_.whole(3, 13);
    std::set<std::size_t> own;
    for (int i = 0; i < steps; ++i) {
      const int turn = random_.chance(0.72) ? 0 : (random_.chance(0.5) ? 1 : -1);
      bool moved = false;
      for (const int t : {turn, 0, 1, -1}) {
        const int d = (direction + t + 8) % 8;
        const auto [dx, dy] = kSteps[static_cast<std::size_t>(d)];
        const cv::Point next{path.back().x + dx, path.back().y + dy};
        if (!free(next) || own.contains(at(next)) || crosses(path.back(), next)) continue;
        own.insert(at(next));
        path.push_back(next);
        direction = d;
        moved = true;
        break;
      }
      if (!moved) break;
    }
    return path;
  }

  void add_trace(const std::vector<cv::Point>& path) {
    Trace trace;
    trace.width = trace_width_ * (random_.chance(0.15) ? 1.3 : 1.0);
    for (std::size_t i = 0; i < path.size(); ++i) {
      trace.points.push_back(place(path[i]));
      take(path[i]);
      if (i > 0 && path[i].x != path[i - 1].x && path[i].y != path[i - 1].y) {
        const auto a = at(path[i]), b = at(path[i - 1]);
        diagonals_.insert({std::min(a, b), std::max(a, b)});
      }
    }
    board_.traces.push_back(std::move(trace));
  }

  void add_round_pad(cv::Point node) {
    const bool via = random_.chance(0.3);
    const double radius = board_.pitch * (via ? random_.between(0.27, 0.32) : pad_radius_);
    board_.pads.push_back({.centre = place(node),
                           .radius = radius,
                           .height = radius,
                           .hole = radius * random_.between(0.42, 0.52),
                           .shape = PadShape::kRound});
  }

  // A bus: the same path once more, one node beside, where that is free all along.
  void add_neighbours(std::vector<cv::Point> path) {
    const cv::Point way = path.back() - path.front();
    const cv::Point beside = std::abs(way.x) > std::abs(way.y) ? cv::Point{0, 1} : cv::Point{1, 0};
    const int wanted = random_.whole(0, 3);
    for (int i = 0; i < wanted; ++i) {
      for (cv::Point& node : path) node += beside;
      for (std::size_t k = 0; k < path.size(); ++k) {
        if (!free(path[k]) || (k > 0 && crosses(path[k - 1], path[k]))) return;
      }
      add_trace(path);
      add_round_pad(path.front());
      add_round_pad(path.back());
    }
  }

  void route(cv::Point start, int direction) {
    const auto path = walk(start, direction);
    if (path.size() < 2) return;
    add_trace(path);
    add_round_pad(path.back());
  }

  void route_from_pad(cv::Point start) {
    const auto path = walk(start, random_.whole(0, 7));
    if (path.size() < 3) return;
    add_trace(path);
    add_round_pad(path.front());
    add_round_pad(path.back());
    add_neighbours(path);
  }

  // Test points and fiducials: round, without a hole, and right so: decoys for a missing hole.
  void place_lone_pads() {
    const int wanted = random_.whole(0, 3);
    for (int i = 0; i < wanted; ++i) {
      const cv::Point node{random_.whole(1, columns_ - 2), random_.whole(1, rows_ - 2)};
      if (!free(node)) continue;
      take(node);
      const double radius = board_.pitch * random_.between(0.16, 0.22);
      board_.pads.push_back({place(node), radius, radius, 0, PadShape::kRound});
    }
  }

  void place_texts() {
    static constexpr std::array<const char*, 8> kPrefixes = {"R", "C", "L",  "D",
                                                             "Q", "J", "TP", "X"};
    const int wanted = random_.whole(1, 6);
    for (int i = 0; i < wanted; ++i) {
      board_.texts.push_back(
          {{random_.between(kMargin, board_.size.width - 2.0 * kMargin),
            random_.between(2.0 * kMargin, board_.size.height - kMargin)},
           kPrefixes[random_.index(kPrefixes.size())] + std::to_string(random_.whole(1, 99)),
           random_.between(0.28, 0.5)});
    }
  }

  Random& random_;
  Board board_;
  int columns_ = 0, rows_ = 0;
  double trace_width_ = 0;
  double pad_radius_ = random_.between(0.36, 0.42);
  std::vector<bool> taken_;
  std::set<std::pair<std::size_t, std::size_t>> diagonals_;
  std::vector<std::pair<cv::Point, int>> starts_;
};

}  // namespace

Board lay_out_board(cv::Size image, Random& random) {
  return Layout(image, random).make();
}

}  // namespace pare::examples
