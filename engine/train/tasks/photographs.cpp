#include "engine/train/tasks/photographs.h"

#include <span>
#include <utility>

#include "engine/data/preprocess.h"
#include "engine/train/data/image_cache.h"
#include "wire/sha256.h"

namespace pare::engine {
namespace {

constexpr int kLongestSide = 640;
constexpr int kAnySide = 1 << 20;
constexpr std::size_t kHeldOutShare = 5;  // one image in so many
constexpr std::size_t kMostHeldOut = 200;
constexpr std::int64_t kHeldOutBatch = 8;

std::vector<torch::Tensor> as_batches(std::span<const Image> images, const InputForm& form) {
  std::vector<torch::Tensor> batches, inputs;
  for (const Image& image : images) {
    const NetworkInput input = preprocess(image, form.preprocessing, form.height, form.width);
    inputs.push_back(torch::tensor(input.values).view({1, 3, form.height, form.width}));
    if (std::ssize(inputs) < kHeldOutBatch && &image != &images.back()) continue;
    batches.push_back(torch::cat(inputs).contiguous(at::MemoryFormat::ChannelsLast));
    inputs.clear();
  }
  return batches;
}

}  // namespace

Result<Photographs> load_photographs(const std::filesystem::path& folder, std::size_t most,
                                     const InputForm& form) {
  auto files = images_in(folder);
  if (!files) return files.error();
  std::vector<std::filesystem::path> all = std::move(files).value();
  if (most > 0 && all.size() > most) all.resize(most);
  if (all.size() < 2) {
    return Error{ErrorCode::kInvalidArgument,
                 folder.string() +
                     " holds one image: one at least is learned from and another "
                     "judges"};
  }
  std::vector<std::filesystem::path> trained, held;
  std::string names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool judges = i % kHeldOutShare == std::min(kHeldOutShare, all.size()) - 1;
    (judges && held.size() < kMostHeldOut ? held : trained).push_back(all[i]);
    names += all[i].filename().string() + "\n";
  }
  auto learned = load_images(trained, kLongestSide);
  if (!learned) return learned.error();
  const auto judging = load_images(held, kAnySide);
  if (!judging) return judging.error();
  const std::span<const Image> of_learned(learned.value());
  auto seen = as_batches(of_learned.first(std::min(of_learned.size(), held.size())), form);
  return Photographs{std::move(learned).value(), as_batches(judging.value(), form), std::move(seen),
                     held.size(), wire::sha256_hex(names)};
}

}  // namespace pare::engine
