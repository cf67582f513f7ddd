#include "engine/zoo/neck.h"

namespace pare::engine {

NeckDef neck_weighted_fpn() {
  return {"weighted-fpn", "from coarse to fine, with shares that are learned",
          [](GraphBuilder& net, const Maps& features, const NeckOptions& options) {
            return top_down(net, features, options, Fusion::kWeighted);
          }};
}

}  // namespace pare::engine
