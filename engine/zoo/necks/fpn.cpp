#include "engine/zoo/neck.h"

namespace pare::engine {

NeckDef neck_fpn() {
  return {"fpn", "from coarse to fine, summed",
          [](GraphBuilder& net, const Maps& features, const NeckOptions& options) {
            return top_down(net, features, options, Fusion::kSum);
          }};
}

}  // namespace pare::engine
