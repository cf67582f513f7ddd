#include "examples/circuit_boards/renderer/scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "examples/circuit_boards/renderer/paint.h"

namespace pare::examples {
namespace {

// From the masks (kScale, with margins) to the image: a turn about the middle.
struct View {
  cv::Matx23d turn;
  cv::Size size;

  cv::Mat operator()(const cv::Mat& mask) const {
    cv::Mat turned, out;
    cv::warpAffine(mask, turned, turn, size * kScale, cv::INTER_LINEAR, cv::BORDER_REFLECT);
    cv::resize(turned, out, size, 0, 0, cv::INTER_AREA);
    return out;
  }
};

View view_of(const Board& board, cv::Size size, Random& random) {
  const double degrees = random.between(-3.5, 3.5);
  const cv::Point2f middle(static_cast<float>(board.size.width * kScale) / 2,
                           static_cast<float>(board.size.height * kScale) / 2);
  cv::Matx23d turn = cv::getRotationMatrix2D(middle, degrees, 1.0);
  turn(0, 2) -= kMargin * kScale;
  turn(1, 2) -= kMargin * kScale;
  return {turn, size};
}

}  // namespace

Scene render_scene(std::uint64_t seed, std::uint64_t number) {
  Random random(seed, number);
  const cv::Size size(8 * random.whole(32, 42), 8 * random.whole(32, 42));
  const Board board = lay_out_board(size, random);
  Layers layers = draw_layers(board);
  add_decoys(board, random, layers);
  const int wanted = random.chance(0.04) ? 0 : random.whole(2, 7);
  const std::vector<Defect> defects = add_defects(board, wanted, random, layers);
  const View view = view_of(board, size, random);

  Scene scene;
  for (const Defect& defect : defects) {
    const cv::Mat pixels = view(defect.pixels) > 127;
    const cv::Rect tight = cv::boundingRect(pixels);
    if (tight.width < 3 || tight.height < 3) continue;
    const int context = cvRound(kContext);
    const cv::Rect box = cv::Rect(tight.x - context, tight.y - context, tight.width + 2 * context,
                                  tight.height + 2 * context) &
                         cv::Rect({0, 0}, size);
    scene.defects.push_back({defect.kind, box, static_cast<double>(cv::countNonZero(pixels))});
  }
  for (cv::Mat* mask : {&layers.copper, &layers.metal, &layers.holes, &layers.silk, &layers.dark,
                        &layers.ceramic}) {
    *mask = view(*mask);
  }
  scene.image = paint(layers, random);
  scene.jpeg_quality = random.whole(82, 95);
  return scene;
}

}  // namespace pare::examples
