// The YOLOv5 head of a model that ends in its raw maps (anchor_maps.h), with the anchors that its
// models for COCO have at three strides, or at four.
//
// Source: ultralytics/yolov5 v6.0, models/yolov5s.yaml and models/hub/yolov5s6.yaml.
#pragma once

#include "engine/heads/head.h"

namespace pare::engine {

HeadDef head_yolov5_maps();

}  // namespace pare::engine
