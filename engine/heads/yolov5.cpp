#include "engine/heads/yolov5.h"

#include "engine/heads/anchor_rows.h"

namespace pare::engine {

HeadDef head_yolov5() {
  return anchor_rows_head("yolov5", AnchorForm::kSquare);
}

}  // namespace pare::engine
