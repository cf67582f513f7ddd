// Heads of HTTP requests, and how deep what follows is nested.
#include "coordinator/http/nesting.h"
#include "coordinator/http/request_head.h"
#include "core/check.h"
#include "tests/fuzz/fuzzer.h"

namespace pare::fuzz {

void requests(std::string_view bytes);

void requests(std::string_view bytes) {
  (void)coordinator::nesting_of(bytes);
  (void)coordinator::values_in(bytes);
  const auto length = coordinator::head_length(bytes);
  if (!length) return;
  PARE_CHECK(*length <= bytes.size(), "a head is within what came");
  PARE_CHECK(!coordinator::head_length(bytes.substr(0, *length - 1)), "and ends once");
  const auto head = coordinator::parse_head(bytes.substr(0, *length));
  if (!head) return;
  PARE_CHECK(head.value().headers.size() <= coordinator::kMostHeaders, "so many and no more");
  for (const auto& [name, value] : head.value().headers) {
    PARE_CHECK(value.find_first_of("\r\n") == std::string::npos, "a header is one line");
  }
  (void)head.value().content_length();
}

}  // namespace pare::fuzz
