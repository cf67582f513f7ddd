#include "engine/data/images.h"

#include <opencv2/imgcodecs.hpp>
#include <string>

namespace pare::engine {

Result<Image> read_image(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return Error{ErrorCode::kNotFound, "image " + path.string() + ": no such file"};
  }
  cv::Mat pixels;
  std::string why;
  try {
    pixels = cv::imread(path.string(), cv::IMREAD_COLOR);
  } catch (const cv::Exception& thrown) {  // a size over OpenCV's limits, among others
    why = ": " + thrown.err;
  }
  if (pixels.empty() || !pixels.isContinuous() || pixels.type() != CV_8UC3) {
    const auto bytes = std::filesystem::file_size(path, ignored);
    return Error{ErrorCode::kInvalidArgument, "image " + path.filename().string() + " (" +
                                                  std::to_string(bytes) +
                                                  " bytes) does not decode" + why};
  }
  return Image{pixels.rows, pixels.cols, {pixels.datastart, pixels.dataend}};
}

}  // namespace pare::engine
