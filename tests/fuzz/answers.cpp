// Lines that a harness answers with.
#include "engine/harness/answers.h"

#include "tests/fuzz/fuzzer.h"

namespace pare::fuzz {

void answers(std::string_view bytes);

void answers(std::string_view bytes) {
  const auto [which, rest] = pick(bytes);
  const std::string line(rest);
  switch (which % 5) {
    case 0: (void)engine::decode_hello("harness", line); return;
    case 1: (void)engine::decode_load("harness", line); return;
    case 2: (void)engine::decode_timing("harness", line); return;
    case 3: (void)engine::decode_infer("harness", line, {"boxes", "scores"}); return;
    default: (void)engine::decode_nothing("harness", line);
  }
}

}  // namespace pare::fuzz
