// COCO labels, as the service and as the engine read them.
#include "engine/data/labels.h"

#include "tests/fuzz/fuzzer.h"
#include "wire/dataset_labels.h"

namespace pare::fuzz {

void labels(std::string_view bytes);

void labels(std::string_view bytes) {
  (void)engine::parse_labels(bytes, "labels.json");
  (void)wire::check_labels(bytes, {"a.jpg", "b.png"});
}

}  // namespace pare::fuzz
