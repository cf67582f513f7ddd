// What is posted to make a token, or to let a worker join.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/access.h"
#include "core/result.h"
#include "wire/schema.h"

namespace pare::wire {

struct NewToken {
  std::string name;
  std::string owner;  // empty: whoever posts it
  Scopes scopes;
  std::optional<double> days;  // that it is valid; nullopt: until it is revoked
};

struct NewEnrolment {
  std::string name;     // of the worker
  double minutes = 60;  // that the code is valid
};

struct Join {
  std::string code;
  std::string public_key;  // CURVE's, 40 characters of Z85
};

// Total: kInvalidArgument, naming the field.
Result<NewToken> parse_new_token(std::string_view json);
Result<NewEnrolment> parse_new_enrolment(std::string_view json);
Result<Join> parse_join(std::string_view json);

Schema new_token_schema();
Schema new_enrolment_schema();
Schema join_schema();

}  // namespace pare::wire
