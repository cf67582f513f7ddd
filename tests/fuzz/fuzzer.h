// The fuzzers by name: functions that take any bytes, as a stranger would send them, and return.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace pare::fuzz {

struct Fuzzer {
  std::string_view name;
  void (*run)(std::string_view bytes);  // aborts where a promise is broken
};

// Every file in tests/fuzz, sorted by name.
const std::vector<Fuzzer>& all_fuzzers();

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The first byte picks one of several readers; 0 where there is none.  What follows is for it.
struct Picked {
  unsigned which = 0;
  std::string_view rest;
};
inline Picked pick(std::string_view bytes) {
  if (bytes.empty()) return {};
  return {static_cast<unsigned char>(bytes.front()), bytes.substr(1)};
}

}  // namespace pare::fuzz
