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

// Files of a folder that are images by their name, sorted; not of folders in it.  Fails with
// kNotFound if there is no such folder, with kInvalidArgument if none is an image.
Result<std::vector<std::filesystem::path>> list_images(const std::filesystem::path& folder);

// Fails as read_image() does.
Result<std::vector<Image>> load_images(std::span<const std::filesystem::path> files, int longest);

}  // namespace pare::engine
