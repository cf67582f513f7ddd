// What preparing found of a model's channel groups, as people read it.  Pure.
#pragma once

#include <cstdint>
#include <string>

#include "core/guidance.h"

namespace pare::cli {

// Groups, the cheapest for each MAC saved first, and the allocations.  Each group at the width that
// keeps three quarters of it, or the widest narrower one.  `macs`: the model's; `width` as in
// Table::text.
std::string guidance_text(const Guidance& guidance, std::int64_t macs, int width);

}  // namespace pare::cli
