// Model cards, whole and partial, and the summary that a card stands in.
#include "core/check.h"
#include "tests/fuzz/fuzzer.h"
#include "wire/summary_json.h"

namespace pare::fuzz {

void card(std::string_view bytes);

void card(std::string_view bytes) {
  const auto [which, rest] = pick(bytes);
  if (which % 3 == 0) {
    const auto whole = wire::parse_card(rest);
    if (!whole) return;
    const auto again = wire::parse_card(wire::card_to_json(whole.value()));
    PARE_CHECK(again && again.value() == whole.value(), "a card is written as it was read");
  } else if (which % 3 == 1) {
    const auto partial = wire::parse_partial_card(rest);
    if (!partial) return;
    const auto again = wire::parse_partial_card(wire::card_to_json(partial.value()));
    PARE_CHECK(again && again.value() == partial.value(), "a card is written as it was read");
  } else {
    const auto summary = wire::parse_summary(rest);
    if (!summary) return;
    const auto again = wire::parse_summary(wire::summary_to_json(summary.value()));
    PARE_CHECK(again && again.value() == summary.value(), "a summary is written as it was read");
  }
}

}  // namespace pare::fuzz
