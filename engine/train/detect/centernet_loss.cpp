#include "engine/train/detect/centernet_loss.h"

#include <algorithm>
#include <cmath>

namespace pare::engine {
namespace {

constexpr double kLeastOverlap = 0.7;
constexpr double kSizeWeight = 0.1;
constexpr double kPower = 2;      // alpha: of what is said already
constexpr double kNearPower = 4;  // beta: of how near an object's middle is

struct Point {
  std::int64_t cell = 0;  // row-major
  std::size_t image = 0;
  float width = 0, height = 0, offset_x = 0, offset_y = 0;
};

// A bump of this radius around a cell, where it is above what is there.
void draw_bump(torch::TensorAccessor<float, 2> map, std::int64_t x, std::int64_t y,
               std::int64_t radius) {
  const double sigma = static_cast<double>(2 * radius + 1) / 6;
  for (std::int64_t v = std::max<std::int64_t>(0, y - radius);
       v <= std::min(map.size(0) - 1, y + radius); ++v) {
    for (std::int64_t u = std::max<std::int64_t>(0, x - radius);
         u <= std::min(map.size(1) - 1, x + radius); ++u) {
      const auto apart = static_cast<double>((u - x) * (u - x) + (v - y) * (v - y));
      const double height = std::exp(-apart / (2 * sigma * sigma));
      map[v][u] = std::max(map[v][u], static_cast<float>(height));
    }
  }
}

struct PointTargets {
  torch::Tensor heat;  // (B, C, h, w)
  std::vector<Point> points;
};

PointTargets targets_of(int stride, const torch::Tensor& heat,
                        const std::vector<std::vector<ObjectBox>>& objects) {
  PointTargets targets{torch::zeros(heat.sizes(), torch::kFloat32), {}};
  const auto maps = targets.heat.accessor<float, 4>();
  for (std::size_t i = 0; i < objects.size(); ++i) {
    for (const ObjectBox& object : objects[i]) {
      const auto cell = static_cast<float>(stride);
      const float x = object.centre_x / cell;
      const float y = object.centre_y / cell;
      const auto column =
          std::clamp<std::int64_t>(static_cast<std::int64_t>(x), 0, heat.size(3) - 1);
      const auto row = std::clamp<std::int64_t>(static_cast<std::int64_t>(y), 0, heat.size(2) - 1);
      const float width = object.width / cell;
      const float height = object.height / cell;
      const double radius =
          gaussian_radius(std::ceil(double{width}), std::ceil(double{height}), kLeastOverlap);
      draw_bump(maps[static_cast<std::int64_t>(i)][object.category], column, row,
                std::max<std::int64_t>(0, static_cast<std::int64_t>(radius)));
      targets.points.push_back({row * heat.size(3) + column, i, width, height,
                                x - static_cast<float>(column), y - static_cast<float>(row)});
    }
  }
  return targets;
}

torch::Tensor heat_loss(const torch::Tensor& logits, const torch::Tensor& wanted) {
  const torch::Tensor middle = wanted.eq(1);
  const torch::Tensor said = torch::sigmoid(logits);
  const torch::Tensor right = -torch::log_sigmoid(logits) * torch::pow(1.0 - said, kPower);
  const torch::Tensor wrong = -torch::log_sigmoid(-logits) * torch::pow(said, kPower) *
                              torch::pow(1.0 - wanted, kNearPower);
  return torch::where(middle, right, wrong).sum();
}

// Distance of the two channels at the points from what they should be there.
torch::Tensor distance_at(const torch::Tensor& maps, const std::vector<Point>& points,
                          float Point::*first, float Point::*second) {
  std::vector<std::int64_t> rows;
  std::vector<float> wanted;
  const std::int64_t cells = maps.size(2) * maps.size(3);
  for (const Point& point : points) {
    rows.push_back(static_cast<std::int64_t>(point.image) * cells + point.cell);
    wanted.insert(wanted.end(), {point.*first, point.*second});
  }
  const torch::Tensor at = torch::tensor(rows, torch::kInt64).to(maps.device());
  const torch::Tensor found = maps.permute({0, 2, 3, 1}).reshape({-1, 2}).index_select(0, at);
  return torch::abs(found - torch::tensor(wanted).view({-1, 2}).to(maps.options())).sum();
}

}  // namespace

double gaussian_radius(double width, double height, double overlap) {
  const double sum = width + height;
  const double area = width * height;
  // Both corners shifted the same way; the box grown; the box shrunk: the least of the three.
  const auto root = [](double a, double b, double c) {
    return (b - std::sqrt(std::max(0.0, b * b - 4 * a * c))) / (2 * a);
  };
  const double shifted = root(1, sum, area * (1 - overlap) / (1 + overlap));
  const double shrunk = root(4, 2 * sum, (1 - overlap) * area);
  const double b = 2 * overlap * sum;
  const double grown =
      (-b + std::sqrt(b * b + 16 * overlap * (1 - overlap) * area)) / (8 * overlap);
  return std::min({shifted, shrunk, grown});
}

DetectionLoss centernet_loss(int stride, const PointTensors& tensors,
                             const std::vector<std::vector<ObjectBox>>& objects) {
  const PointTargets targets = targets_of(stride, tensors.heat, objects);
  DetectionLoss loss;
  loss.assigned = targets.points.size();
  const double share = 1.0 / static_cast<double>(std::max<std::size_t>(1, loss.assigned));
  const torch::Tensor heat =
      heat_loss(tensors.heat, targets.heat.to(tensors.heat.options())) * share;
  loss.classes = heat.item<double>();
  loss.total = heat;
  if (targets.points.empty()) return loss;
  const torch::Tensor boxes =
      (distance_at(tensors.size, targets.points, &Point::width, &Point::height) * kSizeWeight +
       distance_at(tensors.offset, targets.points, &Point::offset_x, &Point::offset_y)) *
      share;
  loss.box = boxes.item<double>();
  loss.total = heat + boxes;
  return loss;
}

}  // namespace pare::engine
