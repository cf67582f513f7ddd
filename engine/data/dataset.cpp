#include "engine/data/dataset.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "core/check.h"
#include "core/class_match.h"
#include "engine/data/images.h"
#include "wire/coco_labels.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLabels = "labels.json";

Error bad(const std::string& what) {
  return Error{ErrorCode::kInvalidArgument, "dataset: " + what};
}

Result<std::vector<DatasetImage>> list_images(const fs::path& folder) {
  const std::string split = folder.filename().string();
  std::error_code failure;
  std::vector<DatasetImage> images;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.')) continue;
    if (!entry->is_regular_file(failure)) {
      return bad(fs::path(split).append(name).string() + " is not a file");
    }
    images.push_back({.id = 0, .name = name, .path = entry->path()});
  }
  if (failure) return bad("folder " + split + "/: " + failure.message());
  if (images.empty()) return bad("no " + split + " images: " + split + "/ is empty");
  std::ranges::sort(images, {}, &DatasetImage::name);
  for (std::size_t i = 0; i < images.size(); ++i) images[i].id = static_cast<std::int64_t>(i + 1);
  return images;
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Only files of equal size can be equal, and of those there are few.
Result<std::monostate> check_disjoint(const Dataset& dataset) {
  std::error_code ignored;
  std::multimap<std::uintmax_t, const DatasetImage*> by_size;
  for (const DatasetImage& image : dataset.calibration) {
    by_size.emplace(fs::file_size(image.path, ignored), &image);
  }
  for (const DatasetImage& image : dataset.validation) {
    const auto [first, last] = by_size.equal_range(fs::file_size(image.path, ignored));
    for (auto same = first; same != last; ++same) {
      if (content(image.path) != content(same->second->path)) continue;
      return bad("one image in both splits: calibration/" + same->second->name +
                 " and validation/" + image.name + " have the same content");
    }
  }
  return std::monostate{};
}

std::vector<std::string> names_of(const std::vector<DatasetImage>& images) {
  std::vector<std::string> names;
  names.reserve(images.size());
  for (const DatasetImage& image : images) names.push_back(image.name);
  return names;
}

Result<std::monostate> apply_labels(const wire::CocoLabels& read, Dataset& dataset) {
  auto facts = wire::label_facts(read, names_of(dataset.calibration), names_of(dataset.validation));
  if (!facts) return facts.error();
  Labels labels = labels_of(read);
  std::map<std::string, LabelledImage*> labelled;
  for (LabelledImage& image : labels.images) labelled.emplace(image.file_name, &image);
  for (DatasetImage& image : dataset.validation) {
    LabelledImage& label = *labelled.at(image.name);
    image.id = label.id;
    image.height = label.height;
    image.width = label.width;
    dataset.ground_truth.push_back({image.id, std::move(label.boxes)});
  }
  dataset.labelled = true;
  dataset.categories = std::move(labels.categories);
  dataset.notes = std::move(facts).value().notes;
  return std::monostate{};
}

ClassMap unlabelled_classes(int class_count) {
  ClassMap map;
  for (int c = 0; c < class_count; ++c) {
    map.category_of.push_back(c);
    map.id_of.push_back(c + 1);
  }
  return map;
}

// Those of the folder, where there are some.
Result<Dataset> with_labels(Dataset dataset, const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder / kLabels, ignored)) return dataset;
  const auto labels = wire::read_coco_labels(folder / kLabels);
  if (!labels) return labels.error();
  const auto applied = apply_labels(labels.value(), dataset);
  if (!applied) return applied.error();
  return dataset;
}

}  // namespace

Result<Dataset> read_dataset(const fs::path& folder) {
  auto calibration = list_images(folder / "calibration");
  if (!calibration) return calibration.error();
  auto validation = list_images(folder / "validation");
  if (!validation) return validation.error();
  Dataset dataset;
  dataset.calibration = std::move(calibration).value();
  dataset.validation = std::move(validation).value();
  const auto disjoint = check_disjoint(dataset);
  if (!disjoint) return disjoint.error();
  return with_labels(std::move(dataset), folder);
}

Result<Dataset> read_validation(const fs::path& folder) {
  auto validation = list_images(folder / "validation");
  if (!validation) return validation.error();
  Dataset dataset;
  dataset.validation = std::move(validation).value();
  return with_labels(std::move(dataset), folder);
}

Result<std::vector<DatasetImage>> read_calibration(const fs::path& folder) {
  return list_images(folder / "calibration");
}

Result<std::vector<std::string>> check_images(const Dataset& dataset) {
  OddImages odd;
  for (const auto* split : {&dataset.calibration, &dataset.validation}) {
    for (const DatasetImage& image : *split) {
      const auto pixels = check_image(image.path);
      if (!pixels) return pixels.error();
      odd.add(image.name, pixels.value().facts);
      const auto differs = [](int said, int is) { return said != 0 && said != is; };
      if (!differs(image.height, pixels.value().height) &&
          !differs(image.width, pixels.value().width)) {
        continue;
      }
      return bad("image " + image.name + " is " + std::to_string(pixels.value().width) + " x " +
                 std::to_string(pixels.value().height) + ", and " + kLabels + " says " +
                 std::to_string(image.width) + " x " + std::to_string(image.height));
    }
  }
  return odd.notes();
}

Result<ClassMap> map_classes(const Dataset& dataset, const std::vector<std::string>& class_names,
                             int class_count) {
  PARE_CHECK(class_names.empty() || static_cast<int>(class_names.size()) == class_count,
             "a name for every class or for none");
  if (!dataset.labelled) return unlabelled_classes(class_count);
  std::vector<std::string> names;
  for (const Category& category : dataset.categories) names.push_back(category.name);
  const auto match = match_classes(class_names, class_count, names);
  if (!match) return match.error();
  ClassMap map{match.value().category_of, {}};
  for (const int category : map.category_of) {
    map.id_of.push_back(category < 0 ? -1
                                     : dataset.categories[static_cast<std::size_t>(category)].id);
  }
  return map;
}

std::vector<Detection> in_categories(const std::vector<Detection>& detections,
                                     const ClassMap& classes) {
  std::vector<Detection> kept;
  for (Detection d : detections) {
    d.category = classes.category_of[static_cast<std::size_t>(d.category)];
    if (d.category >= 0) kept.push_back(d);
  }
  return kept;
}

}  // namespace pare::engine
