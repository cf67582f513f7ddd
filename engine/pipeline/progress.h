// How a long step tells how far it is.
#pragma once

#include <functional>
#include <string>

namespace pare::engine {

// `share` in [0, 1] of the whole step; `message` is for people.
using Progress = std::function<void(double share, const std::string& message)>;

}  // namespace pare::engine
