#include "engine/heads/yolov3.h"

#include "engine/heads/anchor_rows.h"

namespace pare::engine {

HeadDef head_yolov3() {
  return anchor_rows_head("yolov3", AnchorForm::kExp);
}

}  // namespace pare::engine
