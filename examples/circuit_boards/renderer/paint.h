// From the masks of a board to a photograph of it.
#pragma once

#include <opencv2/core.hpp>

#include "examples/circuit_boards/renderer/layers.h"
#include "examples/circuit_boards/renderer/random.h"

namespace pare::examples {

// `layers` at the size of the image, grey at the edges.  CV_8UC3, BGR.
cv::Mat paint(const Layers& layers, Random& random);

}  // namespace pare::examples
