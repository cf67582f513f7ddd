#include "examples/circuit_boards/renderer/scene.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <set>

namespace pare::examples {
namespace {

bool same_pixels(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
}

TEST(Scene, the_same_seed_and_number_is_the_same_photograph_and_the_same_labels) {
  const Scene first = render_scene(7, 3);
  const Scene again = render_scene(7, 3);
  EXPECT_TRUE(same_pixels(first.image, again.image));
  ASSERT_EQ(first.defects.size(), again.defects.size());
  for (std::size_t i = 0; i < first.defects.size(); ++i) {
    EXPECT_EQ(first.defects[i].box, again.defects[i].box);
    EXPECT_EQ(first.defects[i].kind, again.defects[i].kind);
  }
}

TEST(Scene, another_seed_or_number_is_another_photograph) {
  const Scene scene = render_scene(7, 3);
  EXPECT_FALSE(same_pixels(scene.image, render_scene(8, 3).image));
  EXPECT_FALSE(same_pixels(scene.image, render_scene(7, 4).image));
}

TEST(Scene, every_box_lies_inside_the_image_and_holds_its_area) {
  int boxes = 0;
  for (std::uint64_t i = 0; i < 60; ++i) {
    const Scene scene = render_scene(11, i);
    const cv::Rect frame({0, 0}, scene.image.size());
    for (const LabelledDefect& defect : scene.defects) {
      EXPECT_EQ(defect.box & frame, defect.box) << "image " << i;
      EXPECT_GT(defect.area, 0);
      EXPECT_LE(defect.area, defect.box.area());
      ++boxes;
    }
  }
  EXPECT_GT(boxes, 120);
}

TEST(Scene, all_six_kinds_occur) {
  std::set<DefectKind> seen;
  for (std::uint64_t i = 0; i < 40; ++i) {
    for (const LabelledDefect& defect : render_scene(12, i).defects) seen.insert(defect.kind);
  }
  EXPECT_EQ(seen.size(), kDefectNames.size());
}

// The label is the change: without the defect the masks are the same everywhere else.
TEST(Defects, what_is_labelled_is_all_that_changed) {
  int defects = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    Random random(21, i);
    const Board board = lay_out_board({280, 300}, random);
    Layers layers = draw_layers(board);
    const cv::Mat copper = layers.copper.clone();
    const cv::Mat holes = layers.holes.clone();
    const auto added = add_defects(board, 5, random, layers);
    cv::Mat labelled = cv::Mat::zeros(copper.size(), CV_8U);
    for (const Defect& defect : added) labelled |= defect.pixels;
    const cv::Mat changed = (copper != layers.copper) | (holes != layers.holes);
    EXPECT_EQ(cv::countNonZero(changed & ~labelled), 0) << "board " << i;
    defects += static_cast<int>(added.size());
  }
  EXPECT_GT(defects, 40);
}

}  // namespace
}  // namespace pare::examples
