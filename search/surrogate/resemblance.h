// Of some plans, which of the others each is most like, and where it differs.
//
// Candidates of a search are bred from each other: what is known of one holds for the next but for
// a few choices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace pare::search {

// A plan's choices, one a column (kernel.h).
using Code = std::vector<std::uint8_t>;

// The earlier plan that it shares most choices with (the first of several; nullopt: it shares
// hardly any) and the columns in which the two differ, all of them where there is none.
struct Resemblance {
  std::optional<std::size_t> to;
  std::vector<std::size_t> columns;
};

// One a plan, in their order.  O(plans^2 columns) comparisons of bytes.
// REQUIRES: codes of one encoding.
std::vector<Resemblance> resemblances(std::span<const Code> plans);

}  // namespace pare::search
