#include "engine/pipeline/sample_images.h"

#include <utility>

#include "engine/executor/openvino_runner.h"

namespace pare::engine {
namespace {

constexpr double kScoreThreshold = 0.1;

}  // namespace

Result<std::vector<SampleImage>> sample_images(const Detector& detector, std::size_t count,
                                               const ImageSource& image) {
  const auto head = head_named(detector.head.head);
  if (!head) return head.error();
  const auto whole = head.value().attach(detector.body, detector.head);
  if (!whole) return whole.error();
  const auto runner = make_openvino_runner(whole.value());
  if (!runner) return runner.error();
  const int height = detector.card.height, width = detector.card.width;
  std::vector<SampleImage> samples;
  for (std::size_t i = 0; i < count; ++i) {
    auto input = image(i, height, width);
    if (!input) return input.error();
    const auto outputs = runner.value()->run({input.value()});
    if (!outputs) return outputs.error();
    const auto boxes = head.value().decode(outputs.value(), height, width, kScoreThreshold);
    if (!boxes) return boxes.error();
    samples.push_back({std::move(input).value(), foreground_weights(boxes.value(), height, width)});
  }
  return samples;
}

}  // namespace pare::engine
