// Image files in.  Anything OpenCV decodes; an EXIF orientation is obeyed, as cv::imread does.
//
// Cost: about 5 ms for a photograph of 640 x 480.  Pure functions, any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/result.h"

namespace pare::engine {

// Eight bits a channel, BGR, rows from the top, no padding.
struct Image {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> bgr;
};

// Fails with kNotFound if there is no such file, with kInvalidArgument, naming the file, if its
// bytes are no image.
Result<Image> read_image(const std::filesystem::path& path);

}  // namespace pare::engine
