// The YOLOv7 head of a model that ends in its raw maps (anchor_maps.h), with the anchors that its
// models for COCO have at three strides, or at four.  Never found, since nothing in a graph tells
// it from YOLOv5's: named by who knows.
//
// Source: WongKinYiu/yolov7 v0.1, cfg/deploy/yolov7.yaml and yolov7-w6.yaml.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolov7_maps();

}  // namespace pare::engine
