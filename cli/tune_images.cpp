#include "cli/tune_images.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "wire/sha256.h"

namespace pare::cli {

namespace fs = std::filesystem;

namespace {

// By a digest of the base name: an order that has nothing to do with what is in the images.
std::vector<fs::path> shuffled(const std::vector<fs::path>& images) {
  std::vector<std::pair<std::string, fs::path>> keyed;
  keyed.reserve(images.size());
  for (const fs::path& image : images) {
    keyed.emplace_back(wire::sha256_hex(image.filename().string()), image);
  }
  std::ranges::sort(keyed);
  std::vector<fs::path> out;
  out.reserve(keyed.size());
  for (auto& [key, image] : keyed) out.push_back(std::move(image));
  return out;
}

Result<std::monostate> link_into(const fs::path& folder, const std::vector<fs::path>& images) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  for (const fs::path& image : images) {
    if (failed) break;
    fs::create_symlink(fs::absolute(image), folder / image.filename(), failed);
  }
  if (!failed) return std::monostate{};
  return Error{ErrorCode::kUnavailable,
               "cannot write to " + folder.string() + ": " + failed.message()};
}

}  // namespace

Result<ImageSplit> split_images(const std::vector<fs::path>& images,
                                const std::optional<std::set<std::string>>& labelled,
                                std::size_t most_validation) {
  if (images.size() < 2) {
    return Error{ErrorCode::kInvalidArgument,
                 "a search takes two images or more, some to calibrate on and some to score on; "
                 "there " +
                     std::string(images.empty() ? "is none" : "is one")};
  }
  std::vector<fs::path> order = shuffled(images);
  const auto scored = std::stable_partition(order.begin(), order.end(), [&](const fs::path& image) {
    return labelled && !labelled->contains(image.filename().string());
  });
  if (scored == order.end()) {
    return Error{ErrorCode::kInvalidArgument, "the labels speak of none of the images"};
  }
  const std::size_t wanted = std::clamp<std::size_t>(images.size() / 3, 1, kMostCalibration);
  const auto without = static_cast<std::size_t>(scored - order.begin());
  const std::size_t first_scored = std::max(wanted, without);
  ImageSplit split;
  const auto at = [&](std::size_t n) { return order.begin() + static_cast<std::ptrdiff_t>(n); };
  split.calibration.assign(order.begin(), at(wanted));
  const std::size_t last = std::min(order.size(), first_scored + most_validation);
  split.validation.assign(at(first_scored), at(last));
  split.left_out = order.size() - last;
  return split;
}

Result<std::monostate> link_split(const ImageSplit& split, const fs::path& folder) {
  auto linked = link_into(folder / "calibration", split.calibration);
  return linked ? link_into(folder / "validation", split.validation) : linked;
}

}  // namespace pare::cli
