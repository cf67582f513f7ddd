// JPEGs: their pixels, and whether their compressed data decode without a fault.
//
// A file can have its end and lack something before it: a lost block of a disk or of a download.
// libjpeg, and OpenCV with it, fills the hole with grey and goes on.
//
// Cost: what decoding costs without colours, about 2 ms for a photograph of 640 x 480; for when
// images are checked, not for each time that they are read.  Pure, any thread.
// Source: libjpeg-turbo, libjpeg.txt, "Error handling".
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace pare::engine {

// What libjpeg says is wrong with the data of a file that begins as a JPEG does; empty: nothing, or
// it is another kind of file.  A few bytes too many harm nobody and are not told; many are what a
// hole leaves over.
std::string fault_of_jpeg_data(std::span<const std::uint8_t> bytes);

// The pixels of a JPEG of one or three channels, BGR, rows from the top, no padding: the same as
// OpenCV's, which calls the same library with the same settings.  Says what libjpeg says is wrong;
// the pixels are then not to be used.  REQUIRES: `bgr` has room for height x width x 3.
// Cost: about 5 ms for a photograph of 640 x 480.
std::string decode_jpeg(std::span<const std::uint8_t> bytes, int height, int width,
                        std::span<std::uint8_t> bgr);

}  // namespace pare::engine
