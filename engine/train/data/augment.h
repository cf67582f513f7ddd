// What a label-free run shows the two networks: photographs cut, turned and mixed until no two
// steps see the same one.  It is what keeps a hundred images from being learned by heart.
//
// Mosaics of 1, 4 or 9 tiles, each an image at half to three and a half times the scale at which it
// would be deployed, turned a little, mirrored; gains of colours and of the whole, now and then
// blurred; two in five are mixed with a second one.  No labels, so no box is lost.
//
// Cost: some 10 ms for 416 x 416 on one core.  Pure, any thread.
// Source: our own trials (a prototype on YOLOX-nano); mosaic: YOLOv4; mixup: Zhang et al. 2018.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/model_summary.h"
#include "engine/data/images.h"
#include "engine/train/data/random.h"

namespace pare::engine {

struct InputForm {
  int height = 0, width = 0;
  Preprocessing preprocessing;
};

// One input of the network, three planes, in the numbers that it takes.
// REQUIRES: images is not empty.
std::vector<float> augmented(std::span<const Image> images, const InputForm& form,
                             KeyedRandom random);

}  // namespace pare::engine
