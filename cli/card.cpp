#include "cli/card.h"

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "wire/summary_json.h"

namespace pare::cli {

using nlohmann::json;

Result<json> card_of(const std::string& preset, const std::string& file) {
  json card = json::object();
  if (!file.empty()) {
    auto read = read_json_file(file);
    if (!read) return read.error();
    if (const auto parsed = wire::parse_partial_card(read.value().dump()); !parsed) {
      return Error{parsed.error().code, file + ": " + parsed.error().message};
    }
    card = std::move(read).value();
  }
  if (preset.empty()) return card;
  const json head = card.value("head", json());
  if (head.is_string() && head != preset) {
    return Error{ErrorCode::kInvalidArgument, "--preset is " + preset + ", and the head of " +
                                                  file + " is " + head.get<std::string>()};
  }
  card["head"] = preset;
  return card;
}

Result<std::optional<PartialCard>> partial_card_of(const std::string& preset,
                                                   const std::string& file) {
  const auto card = card_of(preset, file);
  if (!card) return card.error();
  if (card.value().empty()) return std::optional<PartialCard>();
  const auto parsed = wire::parse_partial_card(card.value().dump());
  if (!parsed) return parsed.error();
  return std::optional<PartialCard>(parsed.value());
}

}  // namespace pare::cli
