// A real detector, ready to find boxes in images, and the images of PARE_REAL_DATA.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/check.h"
#include "engine/data/dataset.h"
#include "engine/data/images.h"
#include "engine/data/preprocess.h"
#include "engine/detect/nms.h"
#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/heads/head.h"
#include "engine/onnx/onnx_io.h"

namespace pare::engine::test {

template <typename T>
T unwrap(Result<T> result) {
  PARE_CHECK(result.has_value(), result.error().message);
  return std::move(result).value();
}

inline const std::filesystem::path kData = PARE_REAL_DATA;

struct Detector {
  Graph graph;
  HeadDef head;
  std::unique_ptr<Runner> runner;

  Detector(Graph of, const std::string& head_name)
      : graph(std::move(of)),
        head(unwrap(head_named(head_name))),
        runner(unwrap(make_openvino_runner(graph, {}, {.threads = 2}))) {}

  // In pixels of the image, after NMS.
  std::vector<Detection> detect(const Image& image, const NmsOptions& options = {}) const {
    const auto height = static_cast<int>(graph.inputs[0].shape[2]);
    const auto width = static_cast<int>(graph.inputs[0].shape[3]);
    const NetworkInput input = preprocess(image, head.preset, height, width);
    const Shape shape = {1, 3, height, width};
    const auto outputs = unwrap(runner->run({Tensor::of<float>(shape, input.values)}));
    auto found = nms(unwrap(head.decode(outputs, height, width, options.score_threshold)), options);
    for (Detection& d : found) d.box = input.placement.to_image(d.box);
    return found;
  }
};

}  // namespace pare::engine::test
