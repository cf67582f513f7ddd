// What a JSON document may hold, in the part of JSON Schema 2020-12 that the API's description
// uses.
//
// Each schema stands beside the encoder or decoder of its type, and shares its tables of names and
// its bounds.  Objects are closed: a field that is not listed may not be there.  Values, cheap to
// copy; never changed once made, so that any thread may read one.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/names.h"
#include "core/precision.h"

namespace pare::wire {

class Schema {
 public:
  // By name, what `json()` refers to as "#/components/schemas/NAME".
  using Parts = std::map<std::string, nlohmann::ordered_json>;

  Schema(const nlohmann::ordered_json& json, Parts parts);

  const nlohmann::ordered_json& json() const noexcept;
  const Parts& parts() const noexcept;

  // The same with a sentence for people.
  Schema about(std::string_view text) const;
  // The same under a name, which the document says once.
  // REQUIRES: nothing else has the name.
  Schema named(const std::string& name) const;
  // The same, or null.
  Schema or_null() const;

 private:
  struct Held;
  std::shared_ptr<const Held> held_;  // owners: all copies
};

// Which side of the service a document is seen from: what is asked may leave out whatever has a
// default, or say null in its place; what is answered says all of it.
enum class Side { kAsked, kAnswered };

namespace schema {

struct Field {
  std::string name;
  Schema value;
  bool required = true;
};

Field must(std::string_view name, Schema value);
Field may(std::string_view name, Schema value);  // there, or not
Field wish(std::string_view name,
           const Schema& value);  // the same, and null stands for "not there"
// One that has a default.
Field usual(Side side, std::string_view name, Schema value);

Schema text();
Schema text(std::size_t least, std::optional<std::size_t> most = {});
Schema text_like(std::string_view pattern);  // an ECMA regular expression, anchored by itself
Schema sha256();
Schema plain_name();  // read_plain_name() in wire/parts.h
Schema time();        // RFC 3339, in UTC
Schema truth();       // true or false
Schema null();
Schema whole(std::int64_t low = 0, std::optional<std::int64_t> high = std::nullopt);
// What Fields::small() reads.
Schema small(int low = 0, int high = std::numeric_limits<int>::max());
Schema number(std::optional<double> low = std::nullopt, std::optional<double> high = std::nullopt);
Schema above(double low, std::optional<double> high = std::nullopt);  // a number > low
Schema constant(std::string_view value);
Schema one_of(std::span<const std::string_view> names);
Schema one_of_numbers(std::span<const int> numbers);
Schema precision(std::span<const Precision> offered);
Schema precisions();  // several, none of them twice
Schema size();        // [height, width]
Schema anything();

Schema list(const Schema& item, std::size_t least = 0, std::optional<std::size_t> most = {});
Schema set(const Schema& item, std::size_t least = 0, std::optional<std::size_t> most = {});
Schema by_name(const Schema& value);              // an object that is used as a map
Schema object(const std::vector<Field>& fields);  // and nothing else
Schema open_object(const std::vector<Field>& fields);
// Whatever else is there is a `rest`.
Schema object_and(const std::vector<Field>& fields, const Schema& rest);
Schema either(std::initializer_list<Schema> schemas);

template <typename Enum, std::size_t kCount>
Schema one_of(const std::array<Named<Enum>, kCount>& named) {
  std::array<std::string_view, kCount> names;
  for (std::size_t i = 0; i < kCount; ++i) names[i] = named[i].name;
  return one_of(std::span<const std::string_view>(names));
}

// By their name_of().
template <typename Enum, std::size_t kCount>
Schema one_of_all(const std::array<Enum, kCount>& values) {
  std::array<std::string_view, kCount> names;
  for (std::size_t i = 0; i < kCount; ++i) names[i] = name_of(values[i]);
  return one_of(std::span<const std::string_view>(names));
}

// Of an enum whose name_of() is empty beyond the last value.
template <typename Enum>
Schema one_of_all() {
  std::vector<std::string_view> names;
  for (int i = 0; !name_of(static_cast<Enum>(i)).empty(); ++i) {
    names.push_back(name_of(static_cast<Enum>(i)));
  }
  return one_of(std::span<const std::string_view>(names));
}

}  // namespace schema
}  // namespace pare::wire
