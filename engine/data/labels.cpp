#include "engine/data/labels.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

namespace pare::engine {
namespace {

using Json = nlohmann::json;

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

  Box box(const char* field) {
    const Json* value = find(field, false);
    if (value == nullptr) return {};
    const bool whole = value->is_array() && value->size() == 4 &&
                       std::ranges::all_of(*value, [](const Json& v) { return v.is_number(); });
    if (!whole) {
      fault(field, "is " + shown(*value) + ", not [x, y, width, height]");
      return {};
    }
    const Box box{(*value)[0], (*value)[1], (*value)[2], (*value)[3]};
    if (box.width < 0 || box.height < 0) fault(field, "is " + shown(*value) + ": a negative size");
    return box;
  }

  void fault(const std::string& field, const std::string& what) {
    if (fault_.empty()) fault_ = where_ + (field.empty() ? " " : "." + field + " ") + what;
  }

  std::optional<Error> error() const {
    if (fault_.empty()) return std::nullopt;
    return Error{ErrorCode::kInvalidArgument, fault_};
  }

  static std::string shown(const Json& value) {
    constexpr std::size_t kShown = 60;
    // Bytes that are not UTF-8 are replaced, so that the message always is.
    const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() <= kShown ? text : text.substr(0, kShown) + "...";
  }

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

class Parser {
 public:
  explicit Parser(std::string name) : name_(std::move(name)) {}

  Result<Labels> parse(const Json& document) {
    if (!document.is_object()) {
      return bad(name_ + " is " + Reader::shown(document) + ", not an object");
    }
    const auto each = [&](const char* list, auto&& one) -> std::optional<Error> {
      const auto found = document.find(list);
      if (found == document.end() || !found->is_array()) {
        return bad(name_ + ": " + list + " is " +
                   (found == document.end() ? "missing" : Reader::shown(*found) + ", not a list"));
      }
      for (std::size_t i = 0; i < found->size(); ++i) {
        Reader reader((*found)[i], name_ + ": " + list + "[" + std::to_string(i) + "]");
        one(reader);
        if (reader.error()) return reader.error();
      }
      return std::nullopt;
    };
    auto fault = each("categories", [&](Reader& r) { category(r); });
    if (!fault) fault = each("images", [&](Reader& r) { image(r); });
    if (!fault) fault = each("annotations", [&](Reader& r) { annotation(r); });
    if (fault) return *fault;
    if (labels_.categories.empty()) return bad(name_ + ": categories is empty");
    return std::move(labels_);
  }

 private:
  static Error bad(const std::string& what) { return {ErrorCode::kInvalidArgument, what}; }

  void category(Reader& reader) {
    Category made{.id = reader.integer("id"), .name = reader.text("name")};
    const auto index = static_cast<int>(labels_.categories.size());
    if (!category_of_.emplace(made.id, index).second) {
      reader.fault("id", "is " + std::to_string(made.id) + ", which another category has");
    }
    if (!category_names_.insert(made.name).second) {
      reader.fault("name", "is \"" + made.name + "\", which another category has");
    }
    labels_.categories.push_back(std::move(made));
  }

  void image(Reader& reader) {
    LabelledImage made{.id = reader.integer("id"),
                       .file_name = base_name(reader.text("file_name")),
                       .height = side(reader, "height"),
                       .width = side(reader, "width"),
                       .boxes = {}};
    if (!image_of_.emplace(made.id, labels_.images.size()).second) {
      reader.fault("id", "is " + std::to_string(made.id) + ", which another image has");
    }
    if (!file_names_.insert(made.file_name).second) {
      reader.fault("file_name", "is \"" + made.file_name + "\", which another image has");
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

  void annotation(Reader& reader) {
    const std::int64_t image_id = reader.integer("image_id");
    const std::int64_t category_id = reader.integer("category_id");
    GroundTruthBox box;
    box.box = reader.box("bbox");
    box.area = reader.number("area", box.box.width * box.box.height);
    box.crowd = reader.flag("iscrowd");
    if (!(box.area >= 0) || !std::isfinite(box.area)) {
      reader.fault("area", "is " + std::to_string(box.area) + ", no area");
    }
    const auto image = image_of_.find(image_id);
    if (image == image_of_.end()) {
      reader.fault("image_id", "is " + std::to_string(image_id) + ", an image that is not listed");
    }
    const auto category = category_of_.find(category_id);
    if (category == category_of_.end()) {
      reader.fault("category_id",
                   "is " + std::to_string(category_id) + ", a category that is not listed");
    }
    if (reader.error()) return;
    box.category = category->second;
    labels_.images[image->second].boxes.push_back(box);
  }

  std::string name_;
  Labels labels_;
  std::map<std::int64_t, int> category_of_;
  std::set<std::string> category_names_;
  std::map<std::int64_t, std::size_t> image_of_;
  std::set<std::string> file_names_;
};

}  // namespace

Result<Labels> parse_labels(std::string_view json, const std::string& name) {
  Json document;
  try {
    document = Json::parse(json);
  } catch (const Json::exception& thrown) {  // a syntax error, or a number no double holds
    return Error{ErrorCode::kInvalidArgument, name + ": " + thrown.what()};
  }
  return Parser(name).parse(document);
}

Result<Labels> read_labels(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, path.string() + ": cannot be read"};
  const std::string json{std::istreambuf_iterator<char>(file), {}};
  return parse_labels(json, path.filename().string());
}

}  // namespace pare::engine
