#include "engine/pipeline/file_card.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "core/utf8.h"
#include "engine/graph/messages.h"
#include "engine/pipeline/literal.h"

namespace pare::engine {
namespace {

constexpr int kLargestSide = 8192;

std::optional<int> whole(const Literal& literal, int most) {
  const auto* number = std::get_if<double>(&literal.value);
  if (number == nullptr || !(*number >= 0) || *number > most || *number != std::floor(*number)) {
    return std::nullopt;
  }
  return static_cast<int>(*number);
}

// The key of an entry: 3, or "3" as JSON has to write it.
std::optional<int> index_of(const Literal& key, int most) {
  const auto* text = std::get_if<std::string>(&key.value);
  if (text == nullptr) return whole(key, most);
  const auto number = parse_literal(*text);
  return number ? whole(*number, most) : std::nullopt;
}

// A list, or a dictionary with the keys 0, 1, ... in any order; every name once, and text.
std::optional<std::vector<std::string>> names_in(const std::string& text) {
  const auto literal = parse_literal(text);
  if (!literal) return std::nullopt;
  std::vector<std::optional<std::string>> names;
  const auto put = [&](std::size_t at, const Literal& name) {
    const auto* said = std::get_if<std::string>(&name.value);
    if (said == nullptr || said->empty() || !is_plain_text(*said)) return false;
    if (at >= names.size() || names[at]) return false;
    names[at] = *said;
    return true;
  };
  if (const auto* list = std::get_if<Literal::List>(&literal->value)) {
    names.resize(list->size());
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (!put(i, (*list)[i])) return std::nullopt;
    }
  } else if (const auto* entries = std::get_if<Literal::Dictionary>(&literal->value)) {
    names.resize(entries->size());
    for (const auto& [key, name] : *entries) {
      const auto at = index_of(key, static_cast<int>(entries->size()) - 1);
      if (!at || !put(static_cast<std::size_t>(*at), name)) return std::nullopt;
    }
  }
  if (names.empty()) return std::nullopt;
  std::vector<std::string> all;
  all.reserve(names.size());
  for (std::optional<std::string>& name : names) all.push_back(*std::move(name));
  return all;
}

std::optional<std::pair<int, int>> size_in(const std::string& text) {
  const auto literal = parse_literal(text);
  if (!literal) return std::nullopt;
  std::vector<Literal> sides = {*literal};
  if (const auto* list = std::get_if<Literal::List>(&literal->value)) sides = *list;
  if (sides.empty() || sides.size() > 2) return std::nullopt;
  const auto height = whole(sides.front(), kLargestSide);
  const auto width = whole(sides.back(), kLargestSide);
  if (!height || !width || *height == 0 || *width == 0) return std::nullopt;
  return std::pair(*height, *width);
}

std::string lower(std::string text) {
  for (char& c : text) c = 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// Three numbers, or one for all channels.
std::vector<double> three_in(const std::string& text) {
  const auto literal = parse_literal(text);
  if (!literal) return {};
  std::vector<Literal> all = {*literal};
  if (const auto* list = std::get_if<Literal::List>(&literal->value)) all = *list;
  if (all.size() == 1) all.resize(3, all.front());
  std::vector<double> numbers;
  for (const Literal& one : all) {
    const auto* number = std::get_if<double>(&one.value);
    if (number == nullptr || !std::isfinite(*number) || std::abs(*number) > 1e3) return {};
    numbers.push_back(*number);
  }
  return numbers.size() == 3 ? numbers : std::vector<double>{};
}

using Unread = std::function<void(const std::string& key)>;

// Keys and values of ONNX's own metadata are case insensitive.
FilePixels file_pixels(const std::map<std::string, std::string>& metadata, const Unread& unread) {
  FilePixels pixels;
  const auto set = [&](double mean, double deviation) {
    pixels.mean.assign(3, mean);
    pixels.std.assign(3, deviation);
  };
  for (const auto& [key, value] : metadata) {
    const std::string word = lower(key), said = lower(value);
    if (word == "image.bitmappixelformat") {
      if (said == "rgb8" || said == "bgr8") {
        pixels.rgb = said == "rgb8";
      } else {
        unread(key);
      }
    } else if (word == "image.nominalpixelrange") {
      if (said == "nominalrange_0_255") {
        set(0, 1);
      } else if (said == "normalized_0_1") {
        set(0, 255);
      } else if (said == "normalized_1_1") {
        set(127.5, 127.5);
      } else {
        unread(key);
      }
    }
  }
  const auto mean = metadata.find("standardization_mean");
  const auto deviation = metadata.find("standardization_std");
  if (mean == metadata.end() || deviation == metadata.end()) return pixels;
  const auto means = three_in(mean->second), deviations = three_in(deviation->second);
  if (means.empty() || deviations.empty() ||
      !std::ranges::all_of(deviations, [](double d) { return d > 0; })) {
    unread(means.empty() ? mean->first : deviation->first);
    return pixels;
  }
  pixels.mean = means;
  pixels.std = deviations;
  for (double& number : pixels.mean) number *= 255;
  for (double& number : pixels.std) number *= 255;
  return pixels;
}

std::string by_side(std::pair<int, int> size) {
  return std::to_string(size.first) + "x" + std::to_string(size.second);
}

// The first class that the two call otherwise.
std::string first_difference(const std::vector<std::string>& said,
                             const std::vector<std::string>& file) {
  for (std::size_t i = 0; i < std::min(said.size(), file.size()); ++i) {
    if (said[i] == file[i]) continue;
    return "class " + std::to_string(i) + " is " + in_quotes(said[i]) + " in the card and " +
           in_quotes(file[i]) + " in the file";
  }
  return "the card has " + std::to_string(said.size()) + " classes, the file " +
         std::to_string(file.size());
}

}  // namespace

FileCard file_card(const std::map<std::string, std::string>& metadata) {
  FileCard card;
  const auto unread = [&](const std::string& key) {
    card.notes.push_back("The file's metadata " + in_quotes(key) +
                         " is not understood and not used.");
  };
  for (const char* key : {"names", "class_names", "classes", "labels"}) {
    const auto found = metadata.find(key);
    if (found == metadata.end() || !card.classes.empty()) continue;
    if (auto names = names_in(found->second)) {
      card.classes = *std::move(names);
    } else {
      unread(key);
    }
  }
  if (const auto found = metadata.find("imgsz"); found != metadata.end()) {
    card.size = size_in(found->second);
    if (!card.size) unread("imgsz");
  }
  if (const auto found = metadata.find("stride"); found != metadata.end()) {
    const auto literal = parse_literal(found->second);
    card.stride = literal ? whole(*literal, kLargestSide).value_or(0) : 0;
    if (card.stride == 0) unread("stride");
  }
  if (const auto found = metadata.find("task"); found != metadata.end()) card.task = found->second;
  card.pixels = file_pixels(metadata, unread);
  if (const auto found = metadata.find("model_type");
      card.task.empty() && found != metadata.end()) {
    // Of a key that others use as they like, only what is none of ours is told.
    const std::string type = lower(found->second);
    if (type.find("segment") != std::string::npos || type.find("regress") != std::string::npos) {
      card.task = found->second;
    }
  }
  return card;
}

Preprocessing with_pixels_as(Preprocessing preset, const FilePixels& said) {
  if (said.rgb) preset.rgb = *said.rgb;
  if (said.std.empty()) return preset;
  preset.mean = said.mean;
  preset.std = said.std;
  return preset;
}

std::vector<std::string> agreed_classes(const std::vector<std::string>& said, const FileCard& file,
                                        int model_classes, std::vector<std::string>& notes) {
  if (!said.empty()) {
    if (!file.classes.empty() && file.classes != said) {
      notes.push_back("The card's class names are used, the file's metadata has others: " +
                      first_difference(said, file.classes) + ".");
    }
    return said;
  }
  if (file.classes.empty()) return {};
  if (model_classes > 0 && std::cmp_not_equal(file.classes.size(), model_classes)) {
    notes.push_back("The file's metadata names " + std::to_string(file.classes.size()) +
                    " classes and its network has " + std::to_string(model_classes) +
                    ": the names are not used.");
    return {};
  }
  notes.push_back("The names of the " + std::to_string(file.classes.size()) +
                  " classes are those of the file's metadata.");
  return file.classes;
}

std::vector<std::string> disagreements(const FileCard& file, std::pair<int, int> size, int stride) {
  std::vector<std::string> notes = file.notes;
  if (file.size && *file.size != size) {
    notes.push_back("The file's metadata says images of " + by_side(*file.size) +
                    ", its input is " + by_side(size) + ".");
  }
  if (file.stride > 0 && stride > 0 && file.stride != stride) {
    notes.push_back("The file's metadata says a stride of " + std::to_string(file.stride) +
                    ", the network has one of " + std::to_string(stride) + ".");
  }
  if (!file.task.empty() && file.task != "detect") {
    notes.push_back("The file's metadata says that its task is " + in_quotes(file.task) +
                    ": only boxes are scored, whatever else it finds is not.");
  }
  return notes;
}

std::map<std::string, std::string> metadata_at(std::map<std::string, std::string> metadata,
                                               std::pair<int, int> size) {
  const auto found = metadata.find("imgsz");
  if (found != metadata.end() && size_in(found->second) && *size_in(found->second) != size) {
    found->second = "[" + std::to_string(size.first) + ", " + std::to_string(size.second) + "]";
  }
  return metadata;
}

}  // namespace pare::engine
