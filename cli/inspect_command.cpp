// pare inspect: what Pare understands of a file.  Needs no service: it starts pare-engine.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/card.h"
#include "cli/command.h"
#include "cli/engine.h"
#include "cli/format.h"
#include "wire/summary_json.h"

namespace pare::cli {

using nlohmann::json;

namespace {

struct InspectArguments {
  std::string file;
  std::string preset;
  std::string card;
  std::string engine;
};

Exit inspect(const Common& common, const InspectArguments& given) {
  const auto card = partial_card_of(given.preset, given.card);
  if (!card) return report_usage(card.error());
  const TemporaryFolder folder;
  const auto summary =
      inspect_file({.program = given.engine, .scratch = folder.path()}, given.file, card.value());
  if (!summary) return report_engine(summary.error());
  return show(common, json::parse(wire::summary_to_json(summary.value())),
              [&](const json& shown) { return summary_text(shown, common.width); });
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<InspectArguments>();  // owned by the callback
  given->engine = program_beside("pare-engine");
  CLI::App* command =
      app.add_subcommand("inspect", "What may change in a model, what is frozen, and why");
  command->add_option("file", given->file, "The ONNX file")->required();
  command->add_option("--preset", given->preset, kPresetHelp)->check(CLI::IsMember(kPresets));
  command->add_option("--card", given->card, "A model card (JSON)");
  command->add_option("--engine", given->engine, "pare-engine")->capture_default_str();
  command->callback([given, &chosen] {
    chosen = [given](const Common& common) { return inspect(common, *given); };
  });
}

}  // namespace pare::cli
