#include "engine/data/codecs/decode.h"

#include <cstdio>
#include <opencv2/imgcodecs.hpp>

bool pare_decode_image(const std::uint8_t* bytes, std::size_t size, PareTakePixels take,
                       void* taker, char* why, std::size_t why_size) {
  why[0] = '\0';
  try {
    // The cast only fits OpenCV's signature: the bytes are read.
    const cv::Mat file(1, static_cast<int>(size), CV_8UC1, const_cast<std::uint8_t*>(bytes));
    const cv::Mat pixels = cv::imdecode(file, cv::IMREAD_COLOR);
    if (pixels.empty() || !pixels.isContinuous() || pixels.type() != CV_8UC3) return false;
    take(taker, pixels.rows, pixels.cols, pixels.data);
    return true;
  } catch (const cv::Exception& thrown) {  // a size over OpenCV's limits, among others
    std::snprintf(why, why_size, "%s", thrown.err.c_str());
  }
  return false;
}
