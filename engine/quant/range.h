// The range of an activation: what eight bits have to cover.
#pragma once

namespace pare::engine {

struct Range {
  float low = 0;
  float high = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

}  // namespace pare::engine
