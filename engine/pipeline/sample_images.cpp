#include "engine/pipeline/sample_images.h"

#include <memory>
#include <utility>

#include "engine/executor/openvino_runner.h"

namespace pare::engine {
namespace {

constexpr double kScoreThreshold = 0.1;

// The original, whose boxes say where objects are; a raw head has none, and every place counts
// alike.
class Boxes {
 public:
  static Result<Boxes> of(const Detector& detector) {
    Boxes boxes;
    if (detector.head.head == kRawHead) return boxes;
    const auto head = head_for(detector.head.head, detector.head.description);
    if (!head) return head.error();
    boxes.decode_ = head.value().decode;
    const auto whole = attach_head(detector.body, detector.head);
    if (!whole) return whole.error();
    auto runner = make_openvino_runner(whole.value(), detector.card.scored);
    if (!runner) return runner.error();
    boxes.runner_ = std::move(runner).value();
    return boxes;
  }

  Result<std::vector<Detection>> in(const Tensor& input, int height, int width) const {
    if (runner_ == nullptr) return std::vector<Detection>();
    const auto outputs = runner_->run({input});
    if (!outputs) return outputs.error();
    return decode_(outputs.value(), height, width, kScoreThreshold);
  }

 private:
  HeadDecoder decode_;
  std::unique_ptr<Runner> runner_;
};

}  // namespace

Result<std::vector<SampleImage>> sample_images(const Detector& detector, std::size_t count,
                                               const ImageSource& image) {
  const auto original = Boxes::of(detector);
  if (!original) return original.error();
  const int height = detector.card.height, width = detector.card.width;
  std::vector<SampleImage> samples;
  for (std::size_t i = 0; i < count; ++i) {
    auto input = image(i, height, width);
    if (!input) return input.error();
    const auto boxes = original.value().in(input.value(), height, width);
    if (!boxes) return boxes.error();
    samples.push_back({std::move(input).value(), foreground_weights(boxes.value(), height, width)});
  }
  return samples;
}

}  // namespace pare::engine
