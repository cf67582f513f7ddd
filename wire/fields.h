// Reads a JSON document field by field; shared by the decoders of this folder, seen by nobody else.
//
// The first thing that is wrong is kept and the rest is read as if nothing had happened, so that a
// decoder is a list of fields followed by one look at problem().  A field that nobody read is
// unknown, a name that stands twice is refused; messages name the document, the path of the field
// and the value seen.  Used by one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/names.h"
#include "core/result.h"

namespace pare::wire {

// One document being decoded: the parsed text and the first problem.
class Document {
 public:
  // `what` begins every message: "job", "plan".
  Document(std::string_view text, std::string_view what);
  ~Document();
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  const nlohmann::json& root() const noexcept { return *json_; }
  const std::optional<Error>& problem() const noexcept { return problem_; }

  // Keeps the first one only.
  void fail(std::string_view path, std::string_view value, std::string_view must);

 private:
  std::string what_;
  std::unique_ptr<nlohmann::json> json_;
  std::optional<Error> problem_;
};

// The fields of one object of a Document, which it refers to.
class Fields {
 public:
  explicit Fields(Document& document);
  Fields(Document& document, const nlohmann::json& value, std::string path);
  ~Fields();  // reports what nobody read
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  bool has(std::string_view name);  // there, and not null
  bool is_text(std::string_view name) const;

  std::string text(std::string_view name);
  std::string sha256(std::string_view name);
  bool boolean(std::string_view name);
  std::int64_t integer(std::string_view name, std::int64_t low = 0,
                       std::int64_t high = std::numeric_limits<std::int64_t>::max());
  int small(std::string_view name, int low = 0, int high = std::numeric_limits<int>::max());
  std::uint64_t natural(std::string_view name);
  double number(std::string_view name, double low = std::numeric_limits<double>::lowest(),
                double high = std::numeric_limits<double>::max());
  double number_or_infinite(std::string_view name);  // null stands for infinity
  std::vector<std::string> texts(std::string_view name);
  std::vector<double> numbers(std::string_view name);
  std::vector<std::int64_t> integers(std::string_view name, std::int64_t low, std::int64_t high);
  std::size_t one_of(std::string_view name, std::span<const std::string_view> names);
  // The value with the name that stands there; the first of the table if it is none of them.
  template <typename Enum, std::size_t kCount>
  Enum one_of(std::string_view name, const std::array<Named<Enum>, kCount>& named) {
    std::array<std::string_view, kCount> names;
    for (std::size_t i = 0; i < kCount; ++i) names[i] = named[i].name;
    return named[one_of(name, std::span<const std::string_view>(names))].value;
  }
  std::vector<std::size_t> some_of(std::string_view name, std::span<const std::string_view> names);
  std::string object_text(std::string_view name);  // an object, whatever is in it, as JSON

  // The names present, for an object that is used as a map.
  std::vector<std::string> names() const;

  // Calls read(Fields&) for a field that is an object.
  template <typename Read>
  void object(std::string_view name, Read read) {
    const nlohmann::json* value = find(name);
    if (value == nullptr) return;
    Fields inner(document_, *value, path_of(name));
    read(inner);
  }

  // Calls read(Fields&) for each object of a field that is an array.
  template <typename Read>
  void objects(std::string_view name, Read read) {
    const std::size_t count = array_size(name);
    for (std::size_t i = 0; i < count; ++i) {
      Fields inner(document_, array_at(name, i), path_of(name) + "[" + std::to_string(i) + "]");
      read(inner);
    }
  }

  // Calls read(first, second) for each pair of whole numbers of a field that is a list of them.
  template <typename Read>
  void pairs(std::string_view name, std::int64_t low, std::int64_t high, Read read) {
    const std::size_t count = array_size(name);
    for (std::size_t i = 0; i < count; ++i) {
      const auto pair = pair_at(name, i, low, high);
      if (pair) read(pair->first, pair->second);
    }
  }

  // Says that a field that could be read is wrong all the same.
  void refuse(std::string_view name, std::string_view must);

 private:
  const nlohmann::json* find(std::string_view name);  // null, and a problem, if it is not there
  void mistyped(std::string_view name, const nlohmann::json& value, std::string_view must);
  std::size_t array_size(std::string_view name);
  const nlohmann::json& array_at(std::string_view name, std::size_t index) const;
  std::optional<std::pair<std::int64_t, std::int64_t>> pair_at(std::string_view name,
                                                               std::size_t index, std::int64_t low,
                                                               std::int64_t high);
  std::string path_of(std::string_view name) const;

  Document& document_;
  const nlohmann::json* object_;
  std::string path_;
  std::set<std::string, std::less<>> read_;
};

}  // namespace pare::wire
