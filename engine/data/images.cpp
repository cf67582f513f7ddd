#include "engine/data/images.h"

#include <fstream>
#include <iterator>
#include <opencv2/imgcodecs.hpp>
#include <string>

namespace pare::engine {

Result<Image> read_image(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!std::filesystem::is_regular_file(path, ignored) || !file) {
    return Error{ErrorCode::kNotFound, "image " + path.string() + ": no such file"};
  }
  const std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  const std::string name = "image " + path.filename().string();
  auto facts = image_facts(bytes, name);
  if (!facts) return facts.error();
  cv::Mat pixels;
  std::string why;
  try {
    pixels = cv::imdecode(bytes, cv::IMREAD_COLOR);
  } catch (const cv::Exception& thrown) {  // a size over OpenCV's limits, among others
    why = ": " + thrown.err;
  }
  if (pixels.empty() || !pixels.isContinuous() || pixels.type() != CV_8UC3) {
    return Error{ErrorCode::kInvalidArgument,
                 name + " (" + std::to_string(bytes.size()) + " bytes) does not decode" + why};
  }
  return Image{
      pixels.rows, pixels.cols, {pixels.datastart, pixels.dataend}, std::move(facts).value()};
}

}  // namespace pare::engine
