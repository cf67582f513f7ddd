#include "engine/heads/yolov10.h"

#include "engine/heads/dfl_rows.h"

namespace pare::engine {

HeadDef head_yolov10() {
  return dfl_rows_head({"yolov10", BoxForm::kCorners});
}

}  // namespace pare::engine
