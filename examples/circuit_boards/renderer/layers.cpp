#include "examples/circuit_boards/renderer/layers.h"

#include <opencv2/imgproc.hpp>

namespace pare::examples {
namespace {

const cv::Scalar kOn(255);

void draw_pad(const Pad& pad, Layers& layers) {
  const cv::Point centre = to_mask(pad.centre);
  if (pad.shape == PadShape::kSquare) {
    const cv::Point half{to_mask(pad.radius), to_mask(pad.height)};
    cv::rectangle(layers.metal, centre - half, centre + half, kOn, cv::FILLED);
    cv::rectangle(layers.copper, centre - half, centre + half, kOn, cv::FILLED);
    return;
  }
  cv::circle(layers.metal, centre, to_mask(pad.radius), kOn, cv::FILLED);
  cv::circle(layers.copper, centre, to_mask(pad.radius + 1.0), kOn, cv::FILLED);
  draw_hole(pad, layers);
}

}  // namespace

void draw_hole(const Pad& pad, Layers& layers) {
  if (pad.hole > 0) {
    cv::circle(layers.holes, to_mask(pad.centre), to_mask(pad.hole), kOn, cv::FILLED);
  }
}

Layers draw_layers(const Board& board) {
  Layers layers;
  for (cv::Mat* mask : {&layers.copper, &layers.metal, &layers.holes, &layers.silk, &layers.dark,
                        &layers.ceramic}) {
    *mask = cv::Mat::zeros(board.size * kScale, CV_8U);
  }
  for (const Trace& trace : board.traces) {
    for (std::size_t i = 1; i < trace.points.size(); ++i) {
      cv::line(layers.copper, to_mask(trace.points[i - 1]), to_mask(trace.points[i]), kOn,
               to_mask(trace.width), cv::LINE_8);
    }
  }
  for (const Pad& pad : board.pads) draw_pad(pad, layers);
  for (const cv::Rect2d& frame : board.silk_frames) {
    cv::rectangle(layers.silk, to_mask(frame), kOn, kScale);
  }
  for (const Body& body : board.bodies) {
    cv::rectangle(body.dark ? layers.dark : layers.ceramic, to_mask(body.rect), kOn, cv::FILLED);
  }
  for (const SilkText& text : board.texts) {
    cv::putText(layers.silk, text.text, to_mask(text.at), cv::FONT_HERSHEY_SIMPLEX,
                text.size * kScale, kOn, kScale, cv::LINE_8);
  }
  return layers;
}

}  // namespace pare::examples
