// Image files in.  Anything OpenCV decodes, if the file is whole (image_file.h); an EXIF
// orientation is obeyed, grey becomes three equal channels, of 16 bits the upper 8 are used,
// transparency is ignored, CMYK becomes RGB: as cv::imread does.
//
// Cost: about 5 ms for a photograph of 640 x 480.  Pure functions, any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/result.h"
#include "engine/data/image_file.h"

namespace pare::engine {

// Eight bits a channel, BGR, rows from the top, no padding.
struct Image {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> bgr;
  ImageFacts facts = {};  // of the file
};

// Fails with kNotFound if there is no such file, with kInvalidArgument, naming the file, if its
// bytes are no image, or as image_facts() does.
Result<Image> read_image(const std::filesystem::path& path);

// The same once and with more care: an image that decodes, but with a hole (jpeg_data.h), is
// refused, too.  About half as dear again.
Result<Image> check_image(const std::filesystem::path& path);

// Files of a folder that are images by their name, sorted; not of folders in it.  Fails with
// kNotFound if there is no such folder, with kInvalidArgument if none is an image.
Result<std::vector<std::filesystem::path>> images_in(const std::filesystem::path& folder);

}  // namespace pare::engine
