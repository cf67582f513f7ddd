// A list, dictionary, text or number as Python or JSON writes it.  Private to engine/pipeline.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pare::engine {

struct Literal {
  using List = std::vector<Literal>;
  struct Entry;
  using Dictionary = std::vector<Entry>;  // in the order written
  // Names without quotes (True, None, null) come as texts.
  std::variant<double, std::string, List, Dictionary> value;
};

struct Literal::Entry {
  Literal key;
  Literal value;
};

// Empty for what is none of it, is nested more than 8 deep, or has something behind it.  Linear.
std::optional<Literal> parse_literal(std::string_view text);

}  // namespace pare::engine
