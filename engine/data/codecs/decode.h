// The door of pare-image-codecs.so: every image format that OpenCV decodes.
//
// A module of its own, opened when an image comes that needs it: with OpenCV's codecs come some 130
// shared libraries (GDAL, GDCM, OpenEXR, ...), which take 70 ms of every process that is linked to
// them, and most tasks read no image or only JPEGs (docs/adr/0024).
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

// What was decoded: eight bits a channel, BGR, rows from the top, no padding; gone after the call.
using PareTakePixels = void (*)(void* taker, int height, int width, const std::uint8_t* bgr);

// As cv::imdecode(IMREAD_COLOR).  Returns false, and why in `why` (cut to its size, which is not
// 0, ending in 0), if the bytes are no image.  Throws std::bad_alloc.  Any thread.
bool pare_decode_image(const std::uint8_t* bytes, std::size_t size, PareTakePixels take,
                       void* taker, char* why, std::size_t why_size);

}  // extern "C"
