#include "engine/heads/yolov6.h"

#include "engine/heads/dfl_rows.h"

namespace pare::engine {

HeadDef head_yolov6() {
  return dfl_rows_head({"yolov6", BoxForm::kCentre, true});
}

}  // namespace pare::engine
