// Every failure leaves the service as a problem document (RFC 9457): what went wrong in one
// sentence, and where they are known the field and the value at fault.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "coordinator/http/message.h"
#include "coordinator/http/route_doc.h"
#include "core/result.h"

namespace pare::coordinator {

// The status and the type follow from the code.
Response failure(const Error& error);

// For what only HTTP knows: methods, lengths, media types.
Response problem(int status, const std::string& detail, const std::string& field = {},
                 const std::string& value = {});

struct ProblemKind {
  int status;
  std::string_view type;  // of the problem, behind "urn:pare:problem:"
  std::string_view title;
};
std::span<const ProblemKind> problem_kinds() noexcept;
ProblemKind problem_kind(int status) noexcept;

wire::Schema problem_schema();

}  // namespace pare::coordinator
