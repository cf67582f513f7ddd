#include "wire/accuracy_identity_json.h"

#include <nlohmann/json.hpp>

#include "wire/parts.h"

namespace pare::wire {
namespace {

AccuracyIdentity read_identity(Fields& fields) {
  return {.candidate_sha256 = fields.text("candidate_sha256"),
          .dataset_sha256 = fields.text("dataset_sha256"),
          .card_sha256 = fields.text("card_sha256"),
          .labels = fields.text("labels"),
          .teacher = fields.text("teacher"),
          .runtime = fields.text("runtime"),
          .runtime_version = fields.text("runtime_version"),
          .processor = fields.text("processor"),
          .scoring = fields.text("scoring"),
          .held_back = fields.has("held_back") ? fields.text("held_back") : std::string()};
}

}  // namespace

std::string identity_to_json(const AccuracyIdentity& i) {
  return dump({{"candidate_sha256", i.candidate_sha256},
               {"dataset_sha256", i.dataset_sha256},
               {"card_sha256", i.card_sha256},
               {"labels", i.labels},
               {"teacher", i.teacher},
               {"runtime", i.runtime},
               {"runtime_version", i.runtime_version},
               {"processor", i.processor},
               {"scoring", i.scoring},
               {"held_back", i.held_back}});
}

Result<AccuracyIdentity> parse_identity(std::string_view json) {
  return decode(json, "accuracy identity", read_identity);
}

}  // namespace pare::wire
