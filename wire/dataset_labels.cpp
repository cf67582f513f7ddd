#include "wire/dataset_labels.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace pare::wire {
namespace {

using nlohmann::json;

Error bad(const std::string& place, const std::string& rule, const json& seen = nullptr) {
  std::string value =
      seen.is_null() ? "" : seen.dump(-1, ' ', false, json::error_handler_t::replace);
  if (value.size() > 200) value = value.substr(0, 200) + "...";
  return {ErrorCode::kInvalidArgument,
          "labels.json: " + place + " " + rule + (value.empty() ? "" : ", not " + value), place,
          value};
}

std::string at(const char* list, std::size_t index, const char* field) {
  return std::string(list) + "[" + std::to_string(index) + "]" + (*field ? "." : "") + field;
}

Result<json> parse(std::string_view text) {
  // Polygons and masks are most of a COCO file and of no use here.
  const auto keep = [](int, json::parse_event_t event, json& seen) {
    return event != json::parse_event_t::key || seen != "segmentation";
  };
  try {
    return json::parse(text, keep);
  } catch (const json::parse_error& error) {
    return Error{ErrorCode::kInvalidArgument,
                 "labels.json is no JSON: error at byte " + std::to_string(error.byte)};
  } catch (const json::exception& error) {
    return Error{ErrorCode::kInvalidArgument, std::string("labels.json: ") + error.what()};
  }
}

// The ids of a list of objects, each an integer that stands there once.
Result<std::unordered_set<std::int64_t>> ids_of(const json& document, const char* list) {
  std::unordered_set<std::int64_t> ids;
  for (std::size_t i = 0; i < document[list].size(); ++i) {
    const json& entry = document[list][i];
    if (!entry.is_object()) return bad(at(list, i, ""), "must be an object", entry);
    const auto id = entry.find("id");
    if (id == entry.end()) return bad(at(list, i, "id"), "is missing");
    if (!id->is_number_integer()) return bad(at(list, i, "id"), "must be a whole number", *id);
    if (!ids.insert(id->get<std::int64_t>()).second) {
      return bad(at(list, i, "id"), "is there twice: " + id->dump());
    }
  }
  return ids;
}

// A text field of every entry; unique over the list.
Result<std::vector<std::string>> texts_of(const json& document, const char* list,
                                          const char* field) {
  std::vector<std::string> texts;
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < document[list].size(); ++i) {
    const json& entry = document[list][i];
    const auto text = entry.find(field);
    if (text == entry.end()) return bad(at(list, i, field), "is missing");
    if (!text->is_string()) return bad(at(list, i, field), "must be text", *text);
    texts.push_back(text->get<std::string>());
    if (!seen.insert(texts.back()).second) {
      return bad(at(list, i, field), "is there twice: " + text->dump());
    }
  }
  return texts;
}

std::optional<Error> check_images(const json& document, const std::vector<std::string>& images) {
  auto listed = texts_of(document, "images", "file_name");
  if (!listed) return listed.error();
  const std::set<std::string> there(images.begin(), images.end());
  for (std::size_t i = 0; i < listed.value().size(); ++i) {
    const std::string& name = listed.value()[i];
    if (!there.contains(name)) {
      return bad(at("images", i, "file_name"),
                 "names an image that is not in validation/: '" + name.substr(0, 200) + "'");
    }
  }
  const std::set<std::string> known(listed.value().begin(), listed.value().end());
  for (const std::string& image : images) {
    if (!known.contains(image)) {
      return bad("images", "does not list validation/" + image +
                               " (an image without objects is listed without annotations)");
    }
  }
  return std::nullopt;
}

std::optional<Error> check_box(const json& annotation, std::size_t i) {
  const auto box = annotation.find("bbox");
  if (box == annotation.end()) return bad(at("annotations", i, "bbox"), "is missing");
  bool good = box->is_array() && box->size() == 4;
  for (std::size_t k = 0; good && k < 4; ++k) {
    good = (*box)[k].is_number() && std::isfinite((*box)[k].get<double>());
  }
  if (!good || (*box)[2].get<double>() < 0 || (*box)[3].get<double>() < 0) {
    return bad(at("annotations", i, "bbox"),
               "must be [x, y, width, height] with a size that is not negative", *box);
  }
  return std::nullopt;
}

std::optional<Error> check_reference(const json& annotation, std::size_t i, const char* field,
                                     const char* list,
                                     const std::unordered_set<std::int64_t>& known) {
  const std::string place = at("annotations", i, field);
  const auto id = annotation.find(field);
  if (id == annotation.end()) return bad(place, "is missing");
  if (!id->is_number_integer()) return bad(place, "must be a whole number", *id);
  if (!known.contains(id->get<std::int64_t>())) {
    return bad(place, "is " + id->dump() + ", which is not the id of one of `" + list + "`");
  }
  return std::nullopt;
}

std::optional<Error> check_lists(const json& document) {
  if (!document.is_object()) return bad("the document", "must be an object");
  for (const char* list : {"images", "annotations", "categories"}) {
    if (!document.contains(list)) return bad(list, "is missing");
    if (!document[list].is_array()) return bad(list, "must be a list");
  }
  if (document["categories"].empty()) return bad("categories", "is empty");
  return std::nullopt;
}

Result<std::vector<std::string>> classes_of(const json& document) {
  const auto names = texts_of(document, "categories", "name");
  if (!names) return names.error();
  std::map<std::int64_t, std::string> by_id;
  for (std::size_t i = 0; i < names.value().size(); ++i) {
    by_id[document["categories"][i]["id"].get<std::int64_t>()] = names.value()[i];
  }
  std::vector<std::string> classes;
  for (auto& [id, name] : by_id) classes.push_back(std::move(name));
  return classes;
}

}  // namespace

Result<LabelCounts> check_labels(std::string_view text, const std::vector<std::string>& images) {
  const auto parsed = parse(text);
  if (!parsed) return parsed.error();
  const json& document = parsed.value();
  if (auto error = check_lists(document)) return *error;

  const auto image_ids = ids_of(document, "images");
  if (!image_ids) return image_ids.error();
  const auto category_ids = ids_of(document, "categories");
  if (!category_ids) return category_ids.error();
  if (const auto ids = ids_of(document, "annotations"); !ids) return ids.error();
  if (auto error = check_images(document, images)) return *error;

  const json& annotations = document["annotations"];
  for (std::size_t i = 0; i < annotations.size(); ++i) {
    const json& annotation = annotations[i];
    if (auto e = check_reference(annotation, i, "image_id", "images", image_ids.value())) return *e;
    if (auto e = check_reference(annotation, i, "category_id", "categories", category_ids.value()))
      return *e;
    if (auto e = check_box(annotation, i)) return *e;
  }
  auto classes = classes_of(document);
  if (!classes) return classes.error();
  return LabelCounts{static_cast<std::int64_t>(annotations.size()), std::move(classes).value()};
}

}  // namespace pare::wire
