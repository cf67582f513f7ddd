#include "engine/zoo/neck.h"

namespace pare::engine {

NeckDef neck_pan() {
  return {"pan", "from coarse to fine and back, summed",
          [](GraphBuilder& net, const Maps& features, const NeckOptions& options) {
            return bottom_up(net, top_down(net, features, options, Fusion::kSum), options,
                             Fusion::kSum);
          }};
}

}  // namespace pare::engine
