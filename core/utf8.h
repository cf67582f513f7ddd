// Text of others: is it UTF-8, and can it be shown.  Pure functions, any thread, linear.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pare {

// Bytes of the UTF-8 sequence at the start of `text`; 0: there is none.  Overlong forms, surrogates
// and what lies beyond Unicode are none, as in PostgreSQL.
// REQUIRES: text is not empty.
std::size_t utf8_sequence(std::string_view text) noexcept;

bool is_utf8(std::string_view text) noexcept;

// UTF-8 without control characters.
bool is_plain_text(std::string_view text) noexcept;

// The text with every other byte as "\xB0": what an error or a note may show of it.
std::string shown(std::string_view text);

}  // namespace pare
