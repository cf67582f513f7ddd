// The detectors of PARE_REAL_DATA/models that tests run on (what each is: its README).
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace pare::engine::test {

inline constexpr std::array kRealModels = {"yolov5n_640.onnx",   "yolox_nano_416.onnx",
                                           "nanodet_m_416.onnx", "fastestdet_352.onnx",
                                           "yunet_n_640.onnx",   "ultraface_rfb_320.onnx"};

// "yolov5n_640": the name of a parametrised test, for INSTANTIATE_TEST_SUITE_P.
inline std::string name_of_param(const testing::TestParamInfo<const char*>& info) {
  const std::string_view file = info.param;
  return std::string(file.substr(0, file.find('.')));
}

}  // namespace pare::engine::test
