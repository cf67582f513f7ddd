// Errors that name the field of a document which they are about, as the decoders of this folder do.
#pragma once

#include <string>

#include "core/result.h"

namespace pare::wire {

// One that may be gone the next time is nobody's field's fault, and stays as it is.
Error with_field(Error error, const std::string& field, const std::string& value);

// A document names something that is not there: the path exists, so it is no kNotFound.
Error unknown_reference(const Error& error, const std::string& field, const std::string& value);

}  // namespace pare::wire
