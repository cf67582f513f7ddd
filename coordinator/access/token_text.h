// The text of a token: what a client shows, and nobody keeps.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace pare::coordinator {

// "pare_" and 43 letters, digits, - and _: 256 random bits from the kernel.  Fails with
// kUnavailable where it has none.
Result<std::string> make_token_text();

// What an Authorization header shows of the form "Bearer TOKEN"; empty: nothing of that form.
std::string_view shown_token(std::string_view authorization) noexcept;

}  // namespace pare::coordinator
