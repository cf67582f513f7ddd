// What a reality check found, summed up: one line a fact.  Pure.
#pragma once

#include <string>
#include <vector>

#include "core/device_check.h"

namespace pare::cli {

// A setting of int8 that is broken is one fact, however many kinds of layers it is broken in: they
// are counted, and up to three named.  Each other finding is a fact as it stands.  A fact that
// keeps settings out of the search ends with "not tried".
std::vector<std::string> facts_of(const DeviceCheck& check);

}  // namespace pare::cli
