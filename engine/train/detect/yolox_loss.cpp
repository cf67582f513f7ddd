#include "engine/train/detect/yolox_loss.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/train/detect/task_aligned.h"

namespace pare::engine {
namespace {

constexpr double kBoxWeight = 5.0;
constexpr float kMostLogSize = 6.0F;  // keeps exp() finite before anything is learned

// All anchors of all strides in rows: (B, N, channels).
torch::Tensor rows(const std::vector<HeadTensors>& heads, torch::Tensor HeadTensors::*part) {
  std::vector<torch::Tensor> levels;
  for (const HeadTensors& head : heads) {
    levels.push_back(torch::flatten(head.*part, 2).transpose(1, 2));
  }
  return torch::cat(levels, 1);
}

torch::Tensor column(const std::vector<float>& values) {
  return torch::tensor(values).view({-1, 1});
}

// Centre and size in pixels from the head's offsets.
torch::Tensor decode(const torch::Tensor& offsets, const torch::Tensor& corners,
                     const torch::Tensor& strides) {
  const torch::Tensor centres = (offsets.slice(-1, 0, 2) + corners) * strides;
  const torch::Tensor sizes = torch::exp(offsets.slice(-1, 2, 4).clamp_max(kMostLogSize)) * strides;
  return torch::cat({centres, sizes}, -1);
}

struct Targets {
  std::vector<std::int64_t> rows;  // image * anchors + anchor
  std::vector<float> boxes;        // 4 a row: pixels
  std::vector<float> offsets;      // 4 a row: as the head makes them
  std::vector<std::int64_t> categories;
  std::vector<float> qualities;
};

void append_targets(const AnchorGrid& grid, const std::vector<Assignment>& assigned,
                    std::span<const ObjectBox> objects, std::size_t image, Targets& targets) {
  for (const Assignment& a : assigned) {
    const ObjectBox& o = objects[a.object];
    const float stride = grid.stride[a.anchor];
    targets.rows.push_back(static_cast<std::int64_t>(image * grid.size() + a.anchor));
    targets.boxes.insert(targets.boxes.end(), {o.centre_x, o.centre_y, o.width, o.height});
    targets.offsets.insert(
        targets.offsets.end(),
        {o.centre_x / stride - grid.x[a.anchor], o.centre_y / stride - grid.y[a.anchor],
         std::log(std::max(o.width, 1.0F) / stride), std::log(std::max(o.height, 1.0F) / stride)});
    targets.categories.push_back(o.category);
    targets.qualities.push_back(a.quality);
  }
}

std::span<const float> image_rows(const torch::Tensor& cpu, std::size_t image) {
  const auto each = static_cast<std::size_t>(cpu.numel() / cpu.size(0));
  return {cpu.data_ptr<float>() + image * each, each};
}

Targets assign_batch(const AnchorGrid& grid, const torch::Tensor& boxes,
                     const torch::Tensor& objectness, const torch::Tensor& classes,
                     const std::vector<std::vector<ObjectBox>>& objects, Assigner assigner) {
  const auto assign = assigner == Assigner::kTaskAligned ? assign_task_aligned : assign_sim_ota;
  const auto plain = [](const torch::Tensor& t) {
    return t.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  };
  const torch::Tensor b = plain(boxes), o = plain(objectness), c = plain(classes);
  Targets targets;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const Predictions predicted{.boxes = image_rows(b, i),
                                .objectness = image_rows(o, i),
                                .classes = image_rows(c, i),
                                .class_count = static_cast<std::size_t>(c.size(2))};
    append_targets(grid, assign(grid, predicted, objects[i]), objects[i], i, targets);
  }
  return targets;
}

}  // namespace

DetectionLoss yolox_loss(const AnchorGrid& grid, const std::vector<HeadTensors>& heads,
                         const std::vector<std::vector<ObjectBox>>& objects,
                         const LossOptions& options) {
  const torch::Tensor offsets = rows(heads, &HeadTensors::box);
  const torch::Tensor objectness = rows(heads, &HeadTensors::objectness);
  const torch::Tensor classes = rows(heads, &HeadTensors::classes);
  const torch::Device device = offsets.device();
  const torch::Tensor corners = torch::cat({column(grid.x), column(grid.y)}, 1).to(device);
  const torch::Tensor boxes = decode(offsets, corners, column(grid.stride).to(device));
  const Targets targets = assign_batch(grid, boxes, objectness, classes, objects, options.assign);

  DetectionLoss loss;
  loss.assigned = targets.rows.size();
  const double share = 1.0 / static_cast<double>(std::max<std::size_t>(1, loss.assigned));
  const torch::Tensor at = torch::tensor(targets.rows, torch::kInt64).to(device);
  torch::Tensor seen = torch::zeros({objectness.numel()}, objectness.options());
  seen.index_fill_(0, at, 1.0);
  const torch::Tensor object_loss =
      score_loss(objectness.reshape({-1}), seen, options.score) * share;
  loss.objectness = object_loss.item<double>();
  loss.total = object_loss;
  if (targets.rows.empty()) return loss;

  const auto pick = [&](const torch::Tensor& t) {
    return t.reshape({-1, t.size(2)}).index_select(0, at);
  };
  const auto table = [&](const std::vector<float>& v) {
    return torch::tensor(v).view({-1, 4}).to(device);
  };
  const torch::Tensor overlap_loss =
      box_loss(pick(boxes), table(targets.boxes), options.box).sum() * (kBoxWeight * share);
  const torch::Tensor l1_loss = torch::abs(pick(offsets) - table(targets.offsets)).sum() * share;
  torch::Tensor quality = torch::zeros({at.size(0), classes.size(2)}, classes.options());
  quality.scatter_(1, torch::tensor(targets.categories, torch::kInt64).view({-1, 1}).to(device),
                   column(targets.qualities).to(device));
  const torch::Tensor class_loss = score_loss(pick(classes), quality, options.score) * share;
  loss.box = overlap_loss.item<double>();
  loss.l1 = l1_loss.item<double>();
  loss.classes = class_loss.item<double>();
  loss.total = object_loss + overlap_loss + l1_loss + class_loss;
  return loss;
}

}  // namespace pare::engine
