#include "engine/train/detect/detection_loss.h"

#include "engine/train/detect/centernet_loss.h"
#include "engine/train/detect/yolox_loss.h"

namespace pare::engine {

Result<DetectionLossOf> detection_loss_of(const std::string& head, std::span<const int> strides,
                                          int size, const LossOptions& options) {
  if (head == "yolox") {
    return DetectionLossOf([grid = make_anchor_grid(size, strides), options](
                               const std::vector<torch::Tensor>& tensors,
                               const std::vector<std::vector<ObjectBox>>& objects) {
      std::vector<HeadTensors> heads;
      for (std::size_t i = 0; i < tensors.size(); i += 3) {
        heads.push_back({tensors[i], tensors[i + 1], tensors[i + 2]});
      }
      return yolox_loss(grid, heads, objects, options);
    });
  }
  if (head == "centernet") {
    return DetectionLossOf(
        [stride = strides.front()](const std::vector<torch::Tensor>& tensors,
                                   const std::vector<std::vector<ObjectBox>>& objects) {
          return centernet_loss(stride, {tensors[0], tensors[1], tensors[2]}, objects);
        });
  }
  return Error{ErrorCode::kUnsupported,
               "head \"" + head + "\" cannot be trained with labels; centernet and yolox can"};
}

}  // namespace pare::engine
