#include "engine/data/image_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "engine/data/images.h"
#include "tests/engine/data/temporary_folder.h"

namespace pare::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A picture with something in every corner, so that every row takes bytes.
cv::Mat noise(int height, int width, int type) {
  cv::Mat picture(height, width, type);
  cv::RNG random(7);
  random.fill(picture, cv::RNG::UNIFORM, 0, 250);
  return picture;
}

std::string encoded(const std::string& ending, const cv::Mat& picture) {
  std::vector<std::uint8_t> bytes;
  EXPECT_TRUE(cv::imencode(ending, picture, bytes)) << ending;
  return {bytes.begin(), bytes.end()};
}

Result<ImageFacts> facts_of(const std::string& bytes) {
  return image_facts({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                     "image x");
}

// Half a JPEG was decoded as far as it went, and 42.8 mAP came of it where 46.65 was true.
TEST(ImageFile, a_file_that_breaks_off_anywhere_is_refused_by_name) {
  const TemporaryFolder folder;
  for (const std::string ending : {".jpg", ".png", ".bmp", ".webp", ".tiff"}) {
    const std::string whole = encoded(ending, noise(40, 60, CV_8UC3));
    const auto facts = facts_of(whole);
    ASSERT_TRUE(facts) << ending << ": " << facts.error().message;
    EXPECT_EQ(facts.value().width, 60) << ending;
    EXPECT_EQ(facts.value().height, 40) << ending;
    EXPECT_TRUE(read_image(folder.write("whole" + ending, whole))) << ending;
    for (const double share : {0.02, 0.3, 0.5, 0.9, 0.99}) {
      const auto size = static_cast<std::size_t>(static_cast<double>(whole.size()) * share);
      const auto cut = read_image(folder.write("cut" + ending, whole.substr(0, size)));
      ASSERT_FALSE(cut) << ending << " " << share;
      EXPECT_EQ(cut.error().code, ErrorCode::kInvalidArgument);
      EXPECT_THAT(cut.error().message, HasSubstr("image cut" + ending + " ("));
    }
  }
}

TEST(ImageFile, a_jpeg_whose_end_was_never_written_is_refused_and_rubbish_behind_an_end_is_not) {
  std::string whole = encoded(".jpg", noise(40, 60, CV_8UC3));
  const std::string zeros = whole.substr(0, whole.size() / 2) + std::string(whole.size() / 2, '\0');
  EXPECT_THAT(facts_of(zeros).error().message, HasSubstr("is a JPEG that breaks off"));
  EXPECT_TRUE(facts_of(whole + std::string(100, '\0')));
}

// A lost block of a disk: the file is as long as it was, and has its end.
TEST(ImageFile, a_jpeg_with_a_hole_in_it_is_refused_when_images_are_checked) {
  const TemporaryFolder folder;
  const std::string whole = encoded(".jpg", noise(200, 300, CV_8UC3));
  ASSERT_TRUE(check_image(folder.write("whole.jpg", whole)));
  std::string zeros = whole;
  std::fill_n(zeros.begin() + static_cast<std::ptrdiff_t>(zeros.size() / 2), 512, '\0');
  std::string shorter = whole;
  shorter.erase(shorter.size() / 2, 4096);
  for (const std::string& damaged : {zeros, shorter}) {
    EXPECT_TRUE(facts_of(damaged)) << "its end is there";
    const auto checked = check_image(folder.write("hole.jpg", damaged));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(checked.error().message,
                HasSubstr("image hole.jpg (" + std::to_string(damaged.size()) +
                          " bytes) is a damaged JPEG: Corrupt JPEG data"));
  }
}

TEST(ImageFile, a_few_bytes_too_many_before_a_jpegs_end_are_no_damage) {
  const TemporaryFolder folder;
  std::string whole = encoded(".jpg", noise(200, 300, CV_8UC3));
  whole.insert(whole.size() - 2, "\x12\x34\x56");
  EXPECT_TRUE(check_image(folder.write("padded.jpg", whole)));
}

TEST(ImageFile, what_is_no_image_is_refused_whatever_it_is_called) {
  const TemporaryFolder folder;
  EXPECT_THAT(read_image(folder.write("a.jpg", "")).error().message, HasSubstr("is empty"));
  EXPECT_THAT(read_image(folder.write("b.jpg", "<html>404</html>")).error().message,
              HasSubstr("image b.jpg (16 bytes) does not decode"));
  EXPECT_TRUE(read_image(folder.write("c.txt", encoded(".png", noise(4, 4, CV_8UC3)))));
}

TEST(ImageFile, a_small_file_that_claims_to_be_huge_is_refused_before_it_is_decoded) {
  std::string png = encoded(".png", noise(4, 4, CV_8UC3));
  for (const std::size_t side : {16U, 20U}) png[side + 1] = '\x01';  // 65,540 x 65,540
  EXPECT_THAT(facts_of(png).error().message, HasSubstr("claims 65540 x 65540 pixels"));
}

TEST(ImageFile, grey_alpha_and_sixteen_bits_are_read_and_said) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, cv::Mat>> pictures = {
      {"grey.png", noise(4, 6, CV_8UC1)},
      {"grey.jpg", noise(4, 6, CV_8UC1)},
      {"alpha.png", noise(4, 6, CV_8UC4)},
      {"deep.png", noise(4, 6, CV_16UC3)},
      {"plain.png", noise(4, 6, CV_8UC3)}};
  OddImages odd;
  for (const auto& [name, picture] : pictures) {
    const auto read = read_image(folder.write(name, encoded(name.substr(name.find('.')), picture)));
    ASSERT_TRUE(read) << name << ": " << read.error().message;
    EXPECT_EQ(read.value().bgr.size(), 4U * 6 * 3) << name;
    odd.add(name, read.value().facts);
  }
  EXPECT_THAT(odd.notes(),
              ElementsAre("2 images grey: the same in all three channels (such as grey.png)",
                          "1 image of more than 8 bits a channel: the upper 8 are used (deep.png)",
                          "1 image with transparency: it is ignored (alpha.png)"));
}

TEST(ImageFile, whatever_reads_it_an_image_has_the_pixels_that_opencv_sees) {
  const TemporaryFolder folder;
  const std::vector<std::vector<int>> jpegs = {
      {},
      {cv::IMWRITE_JPEG_QUALITY, 30},
      {cv::IMWRITE_JPEG_PROGRESSIVE, 1},
      {cv::IMWRITE_JPEG_RST_INTERVAL, 2, cv::IMWRITE_JPEG_OPTIMIZE, 1}};
  std::vector<std::pair<std::string, std::string>> files;
  for (const int type : {CV_8UC3, CV_8UC1}) {
    for (const auto& [height, width] : {std::pair(1, 1), {17, 31}, {64, 48}, {5, 203}}) {
      cv::Mat picture = noise(height, width, type);
      cv::GaussianBlur(picture, picture, {3, 3}, 0);
      for (const std::vector<int>& settings : jpegs) {
        std::vector<std::uint8_t> bytes;
        ASSERT_TRUE(cv::imencode(".jpg", picture, bytes, settings));
        files.emplace_back("a.jpg", std::string(bytes.begin(), bytes.end()));
      }
      files.emplace_back("a.png", encoded(".png", picture));
      files.emplace_back("a.webp", encoded(".webp", picture));
    }
  }
  for (const auto& [name, bytes] : files) {
    const auto read = read_image(folder.write(name, bytes));
    ASSERT_TRUE(read) << read.error().message;
    const cv::Mat seen =
        cv::imdecode(std::vector<std::uint8_t>(bytes.begin(), bytes.end()), cv::IMREAD_COLOR);
    ASSERT_EQ(read.value().height, seen.rows);
    ASSERT_EQ(read.value().width, seen.cols);
    EXPECT_TRUE(
        std::equal(seen.datastart, seen.dataend, read.value().bgr.begin(), read.value().bgr.end()))
        << name << " of " << seen.rows << "x" << seen.cols;
  }
}

TEST(ImageFile, an_image_is_turned_as_its_exif_says_and_that_is_said) {
  const TemporaryFolder folder;
  const std::string plain = encoded(".jpg", noise(16, 32, CV_8UC3));
  // APP1 with one TIFF entry: orientation 6, a quarter turn.
  std::string exif(
      "\xFF\xE1\x00\x22"
      "Exif\0\0",
      10);
  exif += std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 26);
  const std::string turned = plain.substr(0, 2) + exif + plain.substr(2);
  const auto read = read_image(folder.write("turned.jpg", turned));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read.value().facts.orientation, 6);
  EXPECT_EQ(read.value().height, 32);
  EXPECT_EQ(read.value().width, 16);
  OddImages odd;
  odd.add("turned.jpg", read.value().facts);
  EXPECT_THAT(odd.notes(), ElementsAre("1 image turned upright as the file's orientation says "
                                       "(turned.jpg)"));
}

}  // namespace
}  // namespace pare::engine
