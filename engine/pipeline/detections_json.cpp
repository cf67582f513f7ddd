#include "engine/pipeline/detections_json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace pare::engine {
namespace {

using nlohmann::json;

constexpr std::size_t kTextOfBox = 160;  // bytes, about

void append(std::string& text, std::int64_t number) {
  text += std::to_string(number);
}

// The shortest text that reads as this number.
void append(std::string& text, double number) {
  if (!std::isfinite(number)) {
    text += "null";
    return;
  }
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

void append(std::string& text, std::int64_t image, const Detection& found, std::int64_t category) {
  text += text.size() > 1 ? ",{\"image_id\":" : "{\"image_id\":";
  append(text, image);
  text += ",\"category_id\":";
  append(text, category);
  text += ",\"bbox\":[";
  append(text, found.box.x);
  for (const double number : {found.box.y, found.box.width, found.box.height}) {
    text += ',';
    append(text, number);
  }
  text += "],\"score\":";
  append(text, found.score);
  text += '}';
}

// Takes what a parser of JSON meets, one entry of the list after the other.
class Reader final : public nlohmann::json_sax<json> {
 public:
  explicit Reader(const std::vector<Category>& categories) {
    for (std::size_t c = 0; c < categories.size(); ++c) {
      index_of_[categories[c].id] = static_cast<int>(c);
    }
  }

  const std::string& wrong() const { return wrong_; }

  std::vector<ImageDetections> images() && {
    std::vector<ImageDetections> images;
    for (auto& [id, image] : by_image_) images.push_back(std::move(image));
    return images;
  }

  bool start_array(std::size_t) override {
    if (depth_ == 0) return deeper();
    if (depth_ == 2 && key_ == "bbox" && !box_) {
      box_ = 0;
      return deeper();
    }
    return refuse("a list in the place of " + name_of_place());
  }
  bool end_array() override {
    if (depth_ == 3 && box_ != 4) return refuse("a box of " + std::to_string(*box_) + " numbers");
    --depth_;
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ != 1) return refuse("an object in the place of " + name_of_place());
    image_.reset();
    category_.reset();
    score_.reset();
    box_.reset();
    return deeper();
  }
  bool end_object() override {
    if (!image_ || !category_ || !score_ || !box_) {
      return refuse("an entry without image_id, category_id, bbox or score");
    }
    const auto known = index_of_.find(*category_);
    if (known == index_of_.end()) {
      return refuse("category_id " + std::to_string(*category_) + ", which is no category");
    }
    ImageDetections& image = by_image_[*image_];
    image.image_id = *image_;
    image.detections.push_back({.box = {values_[0], values_[1], values_[2], values_[3]},
                                .score = *score_,
                                .category = known->second});
    --depth_;
    return true;
  }
  bool key(std::string& name) override {
    key_ = name;
    return true;
  }
  bool number_integer(std::int64_t number) override {
    if (depth_ == 2 && key_ == "image_id") {
      image_ = number;
    } else if (depth_ == 2 && key_ == "category_id") {
      category_ = number;
    } else {
      return real(static_cast<double>(number));
    }
    return true;
  }
  bool number_unsigned(std::uint64_t number) override {
    return number_integer(static_cast<std::int64_t>(number));
  }
  bool number_float(double number, const std::string&) override { return real(number); }
  bool null() override { return other("null"); }
  bool boolean(bool) override { return other("a truth value"); }
  bool string(std::string&) override { return other("a text"); }
  bool binary(json::binary_t&) override { return other("bytes"); }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    return refuse(error.what());
  }

 private:
  bool deeper() {
    ++depth_;
    return true;
  }
  bool refuse(std::string why) {
    if (wrong_.empty()) wrong_ = std::move(why);
    return false;
  }
  std::string name_of_place() const {
    return depth_ < 2 ? std::string("the list or an entry of it") : '"' + key_ + '"';
  }
  bool is_ours() const {
    return key_ == "image_id" || key_ == "category_id" || key_ == "score" || key_ == "bbox";
  }
  // What another program writes beside the four is none of ours.
  bool other(const std::string& what) {
    if (depth_ == 2 && !is_ours()) return true;
    return refuse(what + " in the place of " + name_of_place());
  }
  bool real(double number) {
    if (depth_ == 3) {
      if (*box_ == 4) return refuse("a box of more than 4 numbers");
      values_[static_cast<std::size_t>((*box_)++)] = number;
    } else if (depth_ == 2 && key_ == "score") {
      score_ = number;
    } else {
      return other("a number");
    }
    return true;
  }

  std::map<std::int64_t, int> index_of_;
  std::map<std::int64_t, ImageDetections> by_image_;
  std::string wrong_;
  // Of the entry that is being read: 1 in the list, 2 in an entry, 3 in its box.
  int depth_ = 0;
  std::string key_;
  std::optional<std::int64_t> image_, category_;
  std::optional<double> score_;
  std::optional<int> box_;  // numbers read
  std::array<double, 4> values_{};
};

}  // namespace

std::string detections_to_json(const std::vector<ImageDetections>& detections,
                               const std::vector<Category>& categories) {
  std::size_t boxes = 0;
  for (const ImageDetections& image : detections) boxes += image.detections.size();
  std::string text = "[";
  text.reserve(2 + boxes * kTextOfBox);
  for (const ImageDetections& image : detections) {
    for (const Detection& found : image.detections) {
      append(text, image.image_id, found, categories[static_cast<std::size_t>(found.category)].id);
    }
  }
  return text += ']';
}

Result<std::vector<ImageDetections>> parse_detections(const std::string& text,
                                                      const std::vector<Category>& categories) {
  Reader reader(categories);
  if (!json::sax_parse(text, &reader)) {
    return Error{ErrorCode::kInvalidArgument,
                 "stored detections cannot be read: " + reader.wrong()};
  }
  return std::move(reader).images();
}

}  // namespace pare::engine
