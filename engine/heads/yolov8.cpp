#include "engine/heads/yolov8.h"

#include "engine/heads/dfl_rows.h"

namespace pare::engine {

HeadDef head_yolov8() {
  return dfl_rows_head({"yolov8", BoxForm::kCentre});
}

}  // namespace pare::engine
