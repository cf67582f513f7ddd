#include "core/class_match.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace pare {
namespace {

constexpr std::size_t kMostNamed = 5;

// Letters and digits in lower case; bytes beyond ASCII as they are.
std::string plain(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte) != 0) out += static_cast<char>(std::tolower(byte));
  }
  return out;
}

std::string quoted(const std::string& name) {
  return "\"" + name + "\"";
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(kMostNamed, names.size()); ++i) {
    out += (i == 0 ? "" : ", ") + quoted(names[i]);
  }
  return out + (names.size() > kMostNamed ? ", ..." : "");
}

Error bad(std::string what) {
  return {ErrorCode::kInvalidArgument, std::move(what)};
}

Result<ClassMatch> by_number(int class_count, const std::vector<std::string>& categories) {
  if (static_cast<int>(categories.size()) != class_count) {
    return bad("the model has " + std::to_string(class_count) +
               " classes and no names, the "
               "dataset has " +
               std::to_string(categories.size()) + " categories (" + listed(categories) +
               "): name the classes in the model card");
  }
  ClassMatch match;
  for (int c = 0; c < class_count; ++c) match.category_of.push_back(c);
  return match;
}

// Where each name stands that no other one is spelt like.
std::map<std::string, int> once_each(const std::vector<std::string>& names,
                                     const std::vector<bool>& taken) {
  std::map<std::string, int> at;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (taken[i]) continue;
    const auto [place, is_new] = at.emplace(plain(names[i]), static_cast<int>(i));
    if (!is_new) place->second = -1;
  }
  return at;
}

void match_as_spelt(const std::vector<std::string>& names,
                    const std::vector<std::string>& categories, ClassMatch& match,
                    std::vector<bool>& taken) {
  for (const std::string& name : names) {
    const auto at = std::ranges::find(categories, name);
    const auto index = at - categories.begin();
    const bool found = at != categories.end() && !taken[static_cast<std::size_t>(index)];
    match.category_of.push_back(found ? static_cast<int>(index) : -1);
    if (found) taken[static_cast<std::size_t>(index)] = true;
  }
}

void match_loosely(const std::vector<std::string>& names,
                   const std::vector<std::string>& categories, ClassMatch& match,
                   std::vector<bool>& taken) {
  std::vector<bool> has_one;
  for (const int category : match.category_of) has_one.push_back(category >= 0);
  const auto classes = once_each(names, has_one);
  for (const auto& [spelling, category] : once_each(categories, taken)) {
    const auto at = classes.find(spelling);
    if (spelling.empty() || category < 0 || at == classes.end() || at->second < 0) continue;
    match.category_of[static_cast<std::size_t>(at->second)] = category;
    taken[static_cast<std::size_t>(category)] = true;
    match.notes.push_back("class " + quoted(names[static_cast<std::size_t>(at->second)]) +
                          " of the model is taken for category " +
                          quoted(categories[static_cast<std::size_t>(category)]));
  }
}

void note_left_over(const std::vector<std::string>& names,
                    const std::vector<std::string>& categories, const std::vector<bool>& taken,
                    ClassMatch& match) {
  std::vector<std::string> classes, missed;
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (match.category_of[c] < 0) classes.push_back(names[c]);
  }
  for (std::size_t i = 0; i < categories.size(); ++i) {
    if (!taken[i]) missed.push_back(categories[i]);
  }
  if (!missed.empty()) {
    match.notes.push_back("no class of the model is called " + listed(missed) + " (" +
                          std::to_string(missed.size()) + " of " +
                          std::to_string(categories.size()) +
                          " categories): all their boxes count as missed");
  }
  if (!classes.empty()) {
    match.notes.push_back("no category of the dataset is called " + listed(classes) + " (" +
                          std::to_string(classes.size()) + " of " + std::to_string(names.size()) +
                          " classes): what the model finds of them is left out");
  }
}

}  // namespace

Result<ClassMatch> match_classes(const std::vector<std::string>& class_names, int class_count,
                                 const std::vector<std::string>& categories) {
  if (class_names.empty()) return by_number(class_count, categories);
  ClassMatch match;
  std::vector<bool> taken(categories.size(), false);
  match_as_spelt(class_names, categories, match, taken);
  match_loosely(class_names, categories, match, taken);
  if (std::ranges::none_of(match.category_of, [](int category) { return category >= 0; })) {
    return bad("no class of the model is a category of the dataset: classes " +
               listed(class_names) + ", categories " + listed(categories) +
               ": name the classes in the model card as labels.json does");
  }
  note_left_over(class_names, categories, taken, match);
  return match;
}

}  // namespace pare
