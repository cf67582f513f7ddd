// The identity of an accuracy as JSON, as it is stored beside the accuracy.  Decoding is total.
#pragma once

#include <string>
#include <string_view>

#include "core/accuracy_identity.h"
#include "core/result.h"

namespace pare::wire {

std::string identity_to_json(const AccuracyIdentity& identity);
Result<AccuracyIdentity> parse_identity(std::string_view json);

}  // namespace pare::wire
