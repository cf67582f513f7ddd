// Photographs without labels, decoded once and kept in memory: what a label-free run learns from.
//
// Longer than `longest` they are made smaller as the network's preprocessing would (bilinear).
// Memory: 3 bytes a pixel (1,000 images of 640 x 480: 0.9 GB).  Read-only once made: any thread.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/data/images.h"

namespace pare::engine {

// Fails as read_image() does.
Result<std::vector<Image>> load_images(std::span<const std::filesystem::path> files, int longest);

}  // namespace pare::engine
