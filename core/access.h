// Who may do what: scopes, which a token has and a route asks for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/names.h"

namespace pare {

// Each is by itself; an administrator may do everything.
enum class Scope : std::uint8_t {
  kRead,    // see everything
  kSubmit,  // bring models, images and jobs, and end one's own
  kWorker,  // fetch and bring the files of tasks
  kAdmin,   // targets, tokens, and what belongs to others
};
inline constexpr std::array kScopeNames = std::to_array<Named<Scope>>({
    {Scope::kRead, "read"},
    {Scope::kSubmit, "submit"},
    {Scope::kWorker, "worker"},
    {Scope::kAdmin, "admin"},
});

constexpr std::string_view name_of(Scope scope) noexcept {
  return name_in(kScopeNames, scope);
}

constexpr std::optional<Scope> scope_named(std::string_view name) noexcept {
  for (const auto& [scope, own] : kScopeNames) {
    if (own == name) return scope;
  }
  return std::nullopt;
}

// A set of scopes.
class Scopes {
 public:
  constexpr Scopes() = default;
  constexpr void add(Scope scope) noexcept { bits_ |= bit(scope); }
  constexpr bool has(Scope scope) const noexcept {
    return (bits_ & (bit(scope) | bit(Scope::kAdmin))) != 0;
  }
  constexpr bool says(Scope scope) const noexcept { return (bits_ & bit(scope)) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  friend constexpr bool operator==(Scopes, Scopes) = default;

 private:
  static constexpr unsigned bit(Scope scope) noexcept { return 1U << static_cast<unsigned>(scope); }
  unsigned bits_ = 0;
};

}  // namespace pare
