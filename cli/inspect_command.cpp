// pare inspect: what Pare understands of a file.  Needs no service: it starts pare-engine.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/card.h"
#include "cli/command.h"
#include "cli/engine.h"
#include "cli/format.h"
#include "cli/guidance_text.h"
#include "cli/network_picture.h"
#include "wire/guidance_json.h"
#include "wire/summary_json.h"

namespace pare::cli {

using nlohmann::json;

namespace {

struct InspectArguments {
  std::string file;
  CardArguments card;
  std::string calibration;
  std::string validation;
  std::string labels;
  std::string graph;
  std::string engine;
};

// What each group is expected to cost, from calibration images.
Result<Guidance> guidance_for(const EngineRun& engine, const InspectArguments& given,
                              const std::string& file, const ModelSummary& model) {
  const auto dataset = calibration_dataset(given.calibration, engine.scratch);
  if (!dataset) return dataset.error();
  wire::TaskDocument task;
  task.params = wire::PrepareParams{.card = model.card,
                                    .resolutions = {{model.card.height, model.card.width}},
                                    .precisions = {Precision::kFp32},
                                    .seed = 1};
  // The folder goes under a digest that nobody looks up.
  task.blobs = {{"model", model.sha256}, {"dataset", model.sha256}};
  task.files = {{"model", std::filesystem::absolute(file).string()},
                {"dataset", dataset.value().string()}};
  auto prepared = run_on_engine(engine, task);
  if (!prepared) return prepared.error();
  return std::get<wire::PrepareResult>(std::move(prepared).value().result).guidance;
}

// What was understood of a file, and what was asked for beside that.
struct Inspected {
  std::string file;  // with all of its weights in it
  ModelSummary summary;
  std::optional<Guidance> guidance;
};

Result<Inspected> look_into(const Common& common, const InspectArguments& given, EngineRun& engine,
                            const std::optional<PartialCard>& card) {
  auto file = in_one_file(engine, given.file);
  if (!file) return file.error();
  std::filesystem::path labelled;
  if (!given.validation.empty()) {
    auto made = labelled_dataset(given.validation, given.labels, engine.scratch);
    if (!made) return made.error();
    labelled = std::move(made).value();
    if (common.progress) engine.progress = print_progress;
  }
  auto summary = inspect_file(engine, file.value(), card, labelled);
  if (engine.progress) end_progress();
  if (!summary) return summary.error();
  Inspected seen{std::move(file).value(), std::move(summary).value(), std::nullopt};
  if (given.calibration.empty()) return seen;
  if (common.progress) engine.progress = print_progress;
  auto guidance = guidance_for(engine, given, seen.file, seen.summary);
  if (common.progress) end_progress();
  if (!guidance) return guidance.error();
  seen.guidance = std::move(guidance).value();
  return seen;
}

Exit inspect(const Common& common, const InspectArguments& given) {
  const auto card = partial_card_of(given.card);
  if (!card) return report_usage(card.error());
  if (!given.graph.empty()) {
    if (const auto why = why_not_drawn(given.graph)) return report_usage(*why);
  }
  const auto folder = TemporaryFolder::make();
  if (!folder) return report_usage(folder.error());
  EngineRun engine{.program = given.engine, .scratch = folder.value().path()};
  const auto looked = look_into(common, given, engine, card.value());
  if (!looked) return report_engine(looked.error());
  const Inspected& seen = looked.value();
  json document = json::parse(wire::summary_to_json(seen.summary));
  if (!given.graph.empty()) {
    const auto picture =
        draw_network(engine, seen.file, seen.summary.card, seen.guidance, given.graph);
    if (!picture) return report_engine(picture.error());
    document["graph"] = given.graph;
  }
  if (seen.guidance) document["guidance"] = wire::guidance_value(*seen.guidance);
  return show(common, document, [&](const json& shown) {
    const std::string text = summary_text(shown, common.width);
    if (!seen.guidance) return text;
    return text + "\n" + guidance_text(*seen.guidance, seen.summary.macs, common.width);
  });
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<InspectArguments>();  // owned by the callback
  given->engine = program_beside("pare-engine");
  CLI::App* command =
      app.add_subcommand("inspect", "What may change in a model, what is frozen, and why");
  command->add_option("file", given->file, "The ONNX file")->required();
  add_card_options(*command, given->card);
  command->add_option("--calibration", given->calibration,
                      "A folder of images: also what narrowing each group is expected to cost");
  CLI::Option* images = command->add_option(
      "--val", given->validation,
      "A folder of labelled images: also which way of preparing images fits the model best");
  CLI::Option* labels =
      command->add_option("--labels", given->labels, "COCO JSON of the images of --val");
  images->needs(labels);
  labels->needs(images);
  command->add_option("--graph", given->graph,
                      "A picture of the network (.svg, .png, .pdf, .dot), coloured by what "
                      "narrowing each layer is expected to cost, with --calibration");
  command->add_option("--engine", given->engine, "pare-engine")->capture_default_str();
  command->callback([given, &chosen] {
    chosen = [given](const Common& common) { return inspect(common, *given); };
  });
}

}  // namespace pare::cli
