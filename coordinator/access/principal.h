// Whoever a request comes from, once it is known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/access.h"

namespace pare::coordinator {

struct Principal {
  std::string owner;  // whose what it makes will be
  Scopes scopes;
  std::optional<std::int64_t> token;  // nullopt: the service asks for none
};

// Whether somebody may change what belongs to `owner`; what is nobody's is anybody's.
inline bool may_change(const Principal& principal, const std::string& owner) {
  return owner.empty() || owner == principal.owner || principal.scopes.has(Scope::kAdmin);
}

// Where no tokens are asked for: everybody on this machine.
inline Principal anybody_here() {
  Principal local;
  local.scopes.add(Scope::kAdmin);
  return local;
}

}  // namespace pare::coordinator
