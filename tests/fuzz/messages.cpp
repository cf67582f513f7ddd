// What coordinator and worker send each other.
#include "core/check.h"
#include "tests/fuzz/fuzzer.h"
#include "wire/worker_messages.h"

namespace pare::fuzz {

void messages(std::string_view bytes);

void messages(std::string_view bytes) {
  const auto [which, rest] = pick(bytes);
  if (which % 2 == 0) {
    const auto message = wire::decode_from_worker(rest);
    if (!message) return;
    const auto again = wire::decode_from_worker(wire::encode(message.value()));
    PARE_CHECK(again && again.value() == message.value(), "a message is sent as it was read");
  } else {
    const auto message = wire::decode_to_worker(rest);
    if (!message) return;
    const auto again = wire::decode_to_worker(wire::encode(message.value()));
    PARE_CHECK(again && again.value() == message.value(), "a message is sent as it was read");
  }
}

}  // namespace pare::fuzz
