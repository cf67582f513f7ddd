// How much each channel of the body's outputs counts when they are wrong.
//
// Every level of the head counts the same.  Within a level boxes, objectness and classes are shared
// out by what they are, not by how many channels or tensors they take: a head that joins 80 classes
// with 4 numbers of a box in one tensor minds the box no less.  Outputs that are not understood
// count the same, and so do their channels.
//
// Source: our own trials: without shares, allocation on YOLOv5n fell below uniform widths.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/pipeline/detector.h"

namespace pare::engine {

// By output of the body: a number for each channel; all of them sum to 1.
std::map<std::string, std::vector<double>> output_shares(const Detector& detector);

}  // namespace pare::engine
