// Every failure leaves the service as a problem document (RFC 9457): what went wrong in one
// sentence, and where they are known the field and the value at fault.
#pragma once

#include <string>

#include "coordinator/http/message.h"
#include "core/result.h"

namespace pare::coordinator {

// The status and the type follow from the code.
Response failure(const Error& error);

// For what only HTTP knows: methods, lengths, media types.
Response problem(int status, const std::string& detail, const std::string& field = {},
                 const std::string& value = {});

}  // namespace pare::coordinator
