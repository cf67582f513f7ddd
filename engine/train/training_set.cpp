#include "engine/train/training_set.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/model_summary.h"
#include "engine/data/images.h"
#include "engine/data/labels.h"
#include "engine/data/preprocess.h"
#include "engine/zoo/zoo.h"

namespace pare::engine {
namespace {

ObjectBox to_network(const GroundTruthBox& truth, const Placement& at) {
  return {.centre_x = static_cast<float>((truth.box.x + truth.box.width / 2) * at.scale_x),
          .centre_y = static_cast<float>((truth.box.y + truth.box.height / 2) * at.scale_y),
          .width = static_cast<float>(truth.box.width * at.scale_x),
          .height = static_cast<float>(truth.box.height * at.scale_y),
          .category = truth.category};
}

}  // namespace

Result<TrainingSet> load_training_set(const std::filesystem::path& folder,
                                      const std::filesystem::path& labels_file, int size) {
  const auto labels = read_labels(labels_file);
  if (!labels) return labels.error();
  TrainingSet set;
  for (const Category& category : labels.value().categories) set.classes.push_back(category.name);
  const auto count = static_cast<std::int64_t>(labels.value().images.size());
  if (count == 0 || set.classes.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 labels_file.string() + ": no images or no categories to learn from"};
  }
  set.images = torch::empty({count, 3, size, size}, torch::kUInt8);
  for (const LabelledImage& labelled : labels.value().images) {
    const auto image = read_image(folder / labelled.file_name);
    if (!image) return image.error();
    const NetworkInput input = preprocess(image.value(), zoo_preprocessing(), size, size);
    std::uint8_t* out =
        set.images[static_cast<std::int64_t>(set.objects.size())].data_ptr<std::uint8_t>();
    std::ranges::transform(input.values, out, [](float v) { return static_cast<std::uint8_t>(v); });
    std::vector<ObjectBox> objects;
    for (const GroundTruthBox& truth : labelled.boxes) {
      if (!truth.crowd) objects.push_back(to_network(truth, input.placement));
    }
    set.objects.push_back(std::move(objects));
  }
  return set;
}

}  // namespace pare::engine
