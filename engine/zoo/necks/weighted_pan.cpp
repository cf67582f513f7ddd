#include "engine/zoo/neck.h"

namespace pare::engine {

NeckDef neck_weighted_pan() {
  return {"weighted-pan", "from coarse to fine and back, with shares that are learned",
          [](GraphBuilder& net, const Maps& features, const NeckOptions& options) {
            return bottom_up(net, top_down(net, features, options, Fusion::kWeighted), options,
                             Fusion::kWeighted);
          }};
}

}  // namespace pare::engine
