// The names of an enum's values, as pairs in one table beside the enum: what is stored or sent
// under a name keeps its meaning whatever the order of the values is, or becomes.
#pragma once

#include <array>
#include <string_view>

namespace pare {

template <typename Enum>
struct Named {
  Enum value;
  std::string_view name;
};

// Empty: the table lacks the value, which is a bug.
template <typename Enum, std::size_t kCount>
constexpr std::string_view name_in(const std::array<Named<Enum>, kCount>& names,
                                   Enum value) noexcept {
  for (const Named<Enum>& named : names) {
    if (named.value == value) return named.name;
  }
  return {};
}

}  // namespace pare
