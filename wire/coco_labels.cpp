#include "wire/coco_labels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace pare::wire {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 3> kLists = {"categories", "images", "annotations"};
constexpr std::array<std::string_view, 11> kFields = {
    "id",       "name",        "supercategory", "file_name", "height", "width",
    "image_id", "category_id", "bbox",          "area",      "iscrowd"};

Error bad(std::string what) {
  return {ErrorCode::kInvalidArgument, std::move(what)};
}

// Never more than a line, and UTF-8 whatever the file holds.  REQUIRES: bounded nesting.
std::string shown(const Json& value) {
  constexpr std::size_t kShown = 60;
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= kShown ? text : text.substr(0, kShown) + "...";
}

// Reads fields of one object.  The first fault is kept, later reads return nothing of value, and
// the caller asks once at the end.
class Reader {
 public:
  Reader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) fault("", "is " + shown(object) + ", not an object");
  }

  std::int64_t integer(const char* field, std::optional<std::int64_t> absent = std::nullopt) {
    const Json* value = find(field, absent.has_value());
    if (value == nullptr) return absent.value_or(0);
    if (value->is_number_integer() && !is_huge(*value)) return value->get<std::int64_t>();
    fault(field, "is " + shown(*value) + ", not an integer");
    return 0;
  }

  // 0, 1, false or true; absent is false.
  bool flag(const char* field) {
    const Json* value = find(field, true);
    if (value == nullptr) return false;
    if (*value == 0 || *value == false) return false;
    if (*value != 1 && *value != true) fault(field, "is " + shown(*value) + ", not 0 or 1");
    return true;
  }

  double number(const char* field, double absent) {
    const Json* value = find(field, true);
    if (value == nullptr) return absent;
    if (value->is_number()) return value->get<double>();
    fault(field, "is " + shown(*value) + ", not a number");
    return absent;
  }

  std::string text(const char* field) {
    const Json* value = find(field, false);
    if (value != nullptr && value->is_string() && !value->get_ref<const std::string&>().empty()) {
      return value->get<std::string>();
    }
    if (value != nullptr) fault(field, "is " + shown(*value) + ", not a name");
    return "";
  }

  std::string text_or_empty(const char* field) {
    const Json* value = find(field, true);
    return value != nullptr && value->is_string() ? value->get<std::string>() : "";
  }

  CocoBox box(const char* field) {
    const Json* value = find(field, false);
    if (value == nullptr) return {};
    const auto good = [](const Json& v) { return v.is_number() && std::isfinite(v.get<double>()); };
    const bool whole = value->is_array() && value->size() == 4 && std::ranges::all_of(*value, good);
    if (!whole) {
      fault(field, "is " + shown(*value) + ", not [x, y, width, height]");
      return {};
    }
    CocoBox box;
    box.x = (*value)[0];
    box.y = (*value)[1];
    box.width = (*value)[2];
    box.height = (*value)[3];
    if (box.width < 0 || box.height < 0) fault(field, "is " + shown(*value) + ": a negative size");
    return box;
  }

  void fault(const std::string& field, const std::string& what) {
    if (fault_.empty()) fault_ = where_ + (field.empty() ? " " : "." + field + " ") + what;
  }
  const std::string& fault() const noexcept { return fault_; }

 private:
  const Json* find(const char* field, bool optional) {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(field);
    if (found != object_.end() && !(optional && found->is_null())) return &*found;
    if (!optional) fault(field, "is missing");
    return nullptr;
  }

  static bool is_huge(const Json& value) {
    return value.is_number_unsigned() &&
           value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  }

  const Json& object_;
  std::string where_;
  std::string fault_;
};

std::string base_name(const std::string& path) {
  return path.substr(path.find_last_of("/\\") + 1);
}

// An annotation before the lists that it refers to are known: they may come later in the file.
struct Annotation {
  std::int64_t image_id = 0;
  std::int64_t category_id = 0;
  CocoBox box;
};

// Takes the objects of the three lists as the parser ends them.
class Collector {
 public:
  explicit Collector(std::string name) { labels_.name = std::move(name); }

  // nlohmann's callback: false drops what was parsed, so that no tree grows.
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    const bool opens = event == Event::object_start || event == Event::array_start;
    if (opens && depth >= kMostNesting) too_deep_ = true;
    if (too_deep_) return false;
    if (depth == 0) {
      if (event == Event::array_start || event == Event::value) is_object_ = false;
      return event == Event::object_start || event == Event::object_end;
    }
    if (depth == 1) return top_level(event, parsed);
    if (list_ == kLists.size()) return false;
    if (depth == 2 && !opens) {
      take(parsed);
      return false;
    }
    if (depth == 3 && event == Event::key) {
      return std::ranges::find(kFields, parsed.get_ref<const std::string&>()) != kFields.end();
    }
    return true;
  }

  Result<CocoLabels> finish() && {
    const std::string& name = labels_.name;
    if (too_deep_) {
      return bad(name + ": its lists and objects stand more than " + std::to_string(kMostNesting) +
                 " deep in each other");
    }
    if (!is_object_) return bad(name + " is not an object");
    if (!fault_.empty()) return bad(fault_);
    for (std::size_t i = 0; i < kLists.size(); ++i) {
      if (!seen_[i]) return bad(name + ": " + std::string(kLists[i]) + " is missing");
    }
    if (labels_.categories.empty()) return bad(name + ": categories is empty");
    sort_categories();
    if (!attach()) return bad(fault_);
    leave_out_placeholder();
    return std::move(labels_);
  }

 private:
  bool top_level(Json::parse_event_t event, const Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      list_ = static_cast<std::size_t>(std::ranges::find(kLists, key) - kLists.begin());
      if (list_ == kLists.size()) return false;
      if (seen_[list_]) fault(labels_.name + ": " + key + " stands there twice");
      seen_[list_] = true;
      index_ = 0;
      return true;
    }
    const bool is_list = event == Event::array_start || event == Event::array_end;
    if (list_ < kLists.size() && !is_list) {
      fault(labels_.name + ": " + std::string(kLists[list_]) + " is not a list");
    }
    return is_list;
  }

  void take(const Json& object) {
    const std::size_t index = index_++;
    if (!fault_.empty()) return;
    Reader reader(object, labels_.name + ": " + std::string(kLists[list_]) + "[" +
                              std::to_string(index) + "]");
    if (list_ == 0) category(reader);
    if (list_ == 1) image(reader);
    if (list_ == 2) annotation(reader, index);
    fault(reader.fault());
  }

  void category(Reader& reader) {
    CocoCategory made{.id = reader.integer("id"),
                      .name = reader.text("name"),
                      .supercategory = reader.text_or_empty("supercategory")};
    if (!category_ids_.insert(made.id).second) {
      reader.fault("id", "is " + std::to_string(made.id) + ", which another category has");
    }
    if (!category_names_.insert(made.name).second) {
      reader.fault("name", "is " + shown(made.name) + ", which another category has");
    }
    labels_.categories.push_back(std::move(made));
  }

  void image(Reader& reader) {
    CocoImage made{.id = reader.integer("id"),
                   .file_name = base_name(reader.text("file_name")),
                   .height = side(reader, "height"),
                   .width = side(reader, "width"),
                   .boxes = {}};
    if (!image_of_.emplace(made.id, labels_.images.size()).second) {
      reader.fault("id", "is " + std::to_string(made.id) + ", which another image has");
    }
    if (!file_names_.insert(made.file_name).second) {
      reader.fault("file_name", "is " + shown(made.file_name) + ", which another image has");
    }
    labels_.images.push_back(std::move(made));
  }

  static int side(Reader& reader, const char* field) {
    const std::int64_t pixels = reader.integer(field, 0);
    if (pixels < 0 || pixels > std::numeric_limits<int>::max()) {
      reader.fault(field, "is " + std::to_string(pixels) + ", no size of an image");
      return 0;
    }
    return static_cast<int>(pixels);
  }

  void annotation(Reader& reader, std::size_t index) {
    Annotation made;
    made.image_id = reader.integer("image_id");
    made.category_id = reader.integer("category_id");
    made.box = reader.box("bbox");
    made.box.area = reader.number("area", made.box.width * made.box.height);
    made.box.crowd = reader.flag("iscrowd");
    made.box.annotation = index;
    if (!(made.box.area >= 0) || !std::isfinite(made.box.area)) {
      reader.fault("area", "is " + std::to_string(made.box.area) + ", no area");
    }
    annotations_.push_back(made);
  }

  // The classes of a model that has no names are those of its outputs, in the order of the ids.
  void sort_categories() {
    std::ranges::sort(labels_.categories, {}, &CocoCategory::id);
    for (std::size_t i = 0; i < labels_.categories.size(); ++i) {
      category_of_[labels_.categories[i].id] = static_cast<int>(i);
    }
  }

  bool attach() {
    boxes_of_.assign(labels_.categories.size(), 0);
    for (const Annotation& annotation : annotations_) {
      const std::string place =
          labels_.name + ": annotations[" + std::to_string(annotation.box.annotation) + "].";
      const auto image = image_of_.find(annotation.image_id);
      const auto category = category_of_.find(annotation.category_id);
      if (image == image_of_.end()) {
        fault(place + "image_id is " + std::to_string(annotation.image_id) +
              ", an image that is not listed");
      } else if (category == category_of_.end()) {
        fault(place + "category_id is " + std::to_string(annotation.category_id) +
              ", a category that is not listed");
      }
      if (!fault_.empty()) return false;
      CocoBox box = annotation.box;
      box.category = category->second;
      ++boxes_of_[static_cast<std::size_t>(box.category)];
      labels_.images[image->second].boxes.push_back(box);
    }
    return true;
  }

  void leave_out_placeholder() {
    std::vector<CocoCategory>& all = labels_.categories;
    for (std::size_t i = 0; all.size() > 1 && i < all.size(); ++i) {
      const bool above_all = std::ranges::all_of(all, [&](const CocoCategory& other) {
        return other.id == all[i].id || other.supercategory == all[i].name;
      });
      if (!above_all || boxes_of_[i] > 0) continue;
      labels_.notes.push_back("category " + shown(all[i].name) + " (id " +
                              std::to_string(all[i].id) +
                              ") has no box and is only what the others are kinds of: left out");
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
      for (CocoImage& image : labels_.images) {
        for (CocoBox& box : image.boxes) box.category -= box.category > static_cast<int>(i);
      }
      return;
    }
  }

  void fault(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
  }

  CocoLabels labels_;
  bool is_object_ = true;
  bool too_deep_ = false;
  std::size_t list_ = kLists.size();  // which of them is being read; kLists.size(): none
  std::size_t index_ = 0;             // of the next object in it
  std::array<bool, kLists.size()> seen_{};
  std::string fault_;
  std::vector<Annotation> annotations_;
  std::vector<std::int64_t> boxes_of_;  // by category
  std::unordered_map<std::int64_t, int> category_of_;
  std::unordered_map<std::int64_t, std::size_t> image_of_;
  std::unordered_set<std::int64_t> category_ids_;
  std::unordered_set<std::string> category_names_;
  std::unordered_set<std::string> file_names_;
};

// `input`: whatever nlohmann parses.
template <typename Input>
Result<CocoLabels> parse(Input&& input, const std::string& name) {
  constexpr std::size_t kMostWords = 300;
  Collector collector(name);
  try {
    [[maybe_unused]] const Json dropped =
        Json::parse(std::forward<Input>(input), std::ref(collector));
  } catch (const Json::exception& thrown) {  // a syntax error, or a number no double holds
    return bad(name + ": " + std::string(thrown.what()).substr(0, kMostWords));
  }
  return std::move(collector).finish();
}

// "3 boxes ..., such as annotations[4]", of what was met more than no times.
class Tally {
 public:
  void add(std::string example) {
    if (count_++ == 0) first_ = std::move(example);
  }
  void tell(std::vector<std::string>& notes, const std::string& one, const std::string& many,
            const std::string& rest) const {
    if (count_ == 0) return;
    notes.push_back(std::to_string(count_) + " " + (count_ == 1 ? one : many) + " " + rest +
                    (count_ == 1 ? ": " : ", such as ") + first_);
  }

 private:
  std::int64_t count_ = 0;
  std::string first_;
};

bool lies_outside(const CocoBox& box, const CocoImage& image) {
  if (image.width == 0 || image.height == 0) return false;
  return box.x >= image.width || box.y >= image.height || box.x + box.width <= 0 ||
         box.y + box.height <= 0;
}

// What of the labels is not used or odd.
struct Oddities {
  Tally nowhere, unused, empty, crowds, flat, outside;

  void look_at(const CocoImage& image) {
    if (image.boxes.empty()) empty.add(shown(image.file_name));
    for (const CocoBox& box : image.boxes) {
      const std::string place = "annotations[" + std::to_string(box.annotation) + "]";
      if (box.crowd) crowds.add(place);
      const bool is_flat = box.width == 0 || box.height == 0;
      if (is_flat) flat.add(place);
      if (!is_flat && lies_outside(box, image)) outside.add(place);
    }
  }

  void tell(const std::string& file, std::vector<std::string>& notes) const {
    nowhere.tell(notes, "image", "images", "of " + file + " in neither split, not used");
    unused.tell(notes, "calibration image", "calibration images", "with labels, not used");
    empty.tell(notes, "validation image", "validation images", "without a box");
    crowds.tell(notes, "box", "boxes",
                "marked iscrowd: what overlaps one counts neither for nor against");
    flat.tell(notes, "box", "boxes", "without an area: nothing can match one");
    outside.tell(notes, "box", "boxes", "outside the image: nothing can match one");
  }
};

// REQUIRES: the boxes are counted.
void note_classes(const CocoLabels& labels, LabelFacts& facts) {
  for (std::size_t c = 0; c < labels.categories.size(); ++c) {
    facts.classes.push_back(labels.categories[c].name);
    if (facts.class_boxes[c] > 0 || facts.boxes == 0) continue;
    facts.notes.push_back("category " + shown(labels.categories[c].name) +
                          " has no box in the validation images: it is not scored");
  }
  if (facts.boxes == 0) {
    facts.notes.push_back("no validation image has a box: there is nothing to score against");
  }
}

}  // namespace

Result<CocoLabels> parse_coco_labels(std::string_view json, const std::string& name) {
  return parse(json, name);
}

Result<CocoLabels> read_coco_labels(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, path.string() + ": cannot be read"};
  return parse(file, path.filename().string());
}

Result<LabelFacts> label_facts(const CocoLabels& labels,
                               const std::vector<std::string>& calibration,
                               const std::vector<std::string>& validation) {
  const std::unordered_set<std::string> scored(validation.begin(), validation.end());
  const std::unordered_set<std::string> fitted(calibration.begin(), calibration.end());
  std::unordered_set<std::string> listed;
  LabelFacts facts;
  facts.notes = labels.notes;
  facts.class_boxes.assign(labels.categories.size(), 0);
  Oddities odd;
  for (const CocoImage& image : labels.images) {
    if (!scored.contains(image.file_name)) {
      (fitted.contains(image.file_name) ? odd.unused : odd.nowhere).add(shown(image.file_name));
      continue;
    }
    listed.insert(image.file_name);
    odd.look_at(image);
    for (const CocoBox& box : image.boxes) {
      ++facts.class_boxes[static_cast<std::size_t>(box.category)];
      ++facts.boxes;
    }
  }
  for (const std::string& image : validation) {
    if (listed.contains(image)) continue;
    std::string message = labels.name + ": images does not list validation/" + image +
                          " (an image without objects is listed without annotations)";
    return bad(std::move(message));
  }
  odd.tell(labels.name, facts.notes);
  note_classes(labels, facts);
  return facts;
}

}  // namespace pare::wire
