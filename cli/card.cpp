#include "cli/card.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "wire/summary_json.h"

namespace pare::cli {

using nlohmann::json;

namespace {

std::optional<int> pixels(const std::string& word) {
  int number = 0;
  const char* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number <= 0) return std::nullopt;
  return number;
}

Result<json> read_card(const std::string& file) {
  if (file.empty()) return json::object();
  auto read = read_json_file(file);
  if (!read) return read.error();
  if (const auto parsed = wire::parse_partial_card(read.value().dump()); !parsed) {
    return Error{parsed.error().code, file + ": " + parsed.error().message};
  }
  return read;
}

// What the command line says, which the card of a file may say too, but not otherwise.
Result<std::monostate> put(json& card, const char* key, const json& value,
                           const std::string& option, const std::string& file) {
  const json there = card.value(key, json());
  if (!there.is_null() && there != value) {
    return Error{ErrorCode::kInvalidArgument, option + " says " + value.dump() + ", and " + file +
                                                  " has " + there.dump() + " as its " + key};
  }
  card[key] = value;
  return std::monostate{};
}

Result<json> size_of(const std::string& input) {
  const auto cross = input.find('x');
  const auto height = pixels(input.substr(0, cross));
  const auto width = cross == std::string::npos ? height : pixels(input.substr(cross + 1));
  if (height && width) return json{*height, *width};
  return Error{ErrorCode::kInvalidArgument,
               "--input is height and width in pixels, 480x640, and not " + input};
}

}  // namespace

void add_card_options(CLI::App& command, CardArguments& given) {
  command.add_option("--preset", given.preset, kPresetHelp)->check(CLI::IsMember(kPresets));
  command.add_option("--card", given.file, "A model card (JSON)");
  command.add_option("--input", given.input,
                     "HEIGHTxWIDTH of the input, where the file leaves them open");
}

Result<json> card_of(const CardArguments& given) {
  auto read = read_card(given.file);
  if (!read) return read.error();
  json card = std::move(read).value();
  if (!given.preset.empty()) {
    if (auto done = put(card, "head", given.preset, "--preset", given.file); !done) {
      return done.error();
    }
  }
  if (given.input.empty()) return card;
  const auto size = size_of(given.input);
  if (!size) return size.error();
  if (auto done = put(card, "input", size.value(), "--input", given.file); !done) {
    return done.error();
  }
  return card;
}

Result<std::optional<PartialCard>> partial_card_of(const CardArguments& given) {
  const auto card = card_of(given);
  if (!card) return card.error();
  if (card.value().empty()) return std::optional<PartialCard>();
  const auto parsed = wire::parse_partial_card(card.value().dump());
  if (!parsed) return parsed.error();
  return std::optional<PartialCard>(parsed.value());
}

}  // namespace pare::cli
