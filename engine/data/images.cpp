#include "engine/data/images.h"

#include <fstream>
#include <iterator>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <utility>

#include "engine/data/jpeg_data.h"

namespace pare::engine {

namespace {

Result<std::vector<std::uint8_t>> bytes_of(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!std::filesystem::is_regular_file(path, ignored) || !file) {
    return Error{ErrorCode::kNotFound, "image " + path.string() + ": no such file"};
  }
  return std::vector<std::uint8_t>(std::istreambuf_iterator<char>(file), {});
}

std::string name_of(const std::filesystem::path& path, std::size_t bytes) {
  return "image " + path.filename().string() + " (" + std::to_string(bytes) + " bytes)";
}

Result<Image> decoded(const std::vector<std::uint8_t>& bytes, const std::filesystem::path& path) {
  auto facts = image_facts(bytes, "image " + path.filename().string());
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
                 name_of(path, bytes.size()) + " does not decode" + why};
  }
  return Image{
      pixels.rows, pixels.cols, {pixels.datastart, pixels.dataend}, std::move(facts).value()};
}

}  // namespace

Result<Image> read_image(const std::filesystem::path& path) {
  const auto bytes = bytes_of(path);
  if (!bytes) return bytes.error();
  return decoded(bytes.value(), path);
}

Result<Image> check_image(const std::filesystem::path& path) {
  const auto bytes = bytes_of(path);
  if (!bytes) return bytes.error();
  auto image = decoded(bytes.value(), path);
  if (!image) return image;
  const std::string fault = fault_of_jpeg_data(bytes.value());
  if (fault.empty()) return image;
  return Error{ErrorCode::kInvalidArgument,
               name_of(path, bytes.value().size()) + " is a damaged JPEG: " + fault};
}

}  // namespace pare::engine
