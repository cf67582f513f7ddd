// COCO labels, and what is said of the images that they are for.
#include "tests/fuzz/fuzzer.h"
#include "wire/coco_labels.h"

namespace pare::fuzz {

void labels(std::string_view bytes);

void labels(std::string_view bytes) {
  const auto read = wire::parse_coco_labels(bytes, "labels.json");
  if (read) (void)wire::label_facts(read.value(), {"a.jpg"}, {"b.png"});
}

}  // namespace pare::fuzz
