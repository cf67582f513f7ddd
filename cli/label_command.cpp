#include "cli/label_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/engine.h"
#include "cli/format.h"
#include "cli/output_file.h"

namespace pare::cli {
namespace {

using nlohmann::json;

struct LabelArguments {
  std::string model, card, images, out, engine;
  double above = 0.25;
};

Exit label_folder(const Common& common, const LabelArguments& given) {
  const auto folder = TemporaryFolder::make();
  if (!folder) return report_usage(folder.error());
  const std::filesystem::path made = folder.value().path() / "labels.json";
  std::vector<std::string> words = {
      "label", "--images",   given.images, "--above", std::to_string(given.above),
      "-o",    made.string()};
  if (!given.card.empty()) words.insert(words.end(), {"--card", given.card});
  words.insert(words.end(), {"--", given.model});
  const auto done = ask_engine(given.engine, words);
  if (!done) return report_usage(done.error());
  if (auto put = copy_whole(made, given.out); !put) return report_usage(put.error());
  json document = done.value();
  document["file"] = given.out;
  return show(common, document, [&](const json& said) {
    return given.out + ": " + count_text(said.at("boxes")) + " boxes of " +
           count_text(said.at("classes")) + " classes in " + count_text(said.at("images")) +
           " images\n";
  });
}

}  // namespace

void add_label_command(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<LabelArguments>();  // owned by the callback
  given->engine = program_beside("pare-engine");
  CLI::App* one = app.add_subcommand(
      "label", "What a detector finds in images, as COCO labels for another one to learn from");
  one->add_option("file", given->model, "ONNX file")->required();
  one->add_option("--images", given->images, "A folder of images")->required();
  one->add_option("--card", given->card, "JSON, where the file says too little");
  one->add_option("--above", given->above, "Scores from which a box is one")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  one->add_option("-o,--output", given->out, "Where the labels go (COCO JSON)")->required();
  one->add_option("--engine", given->engine, "pare-engine")->capture_default_str();
  one->callback([given, &chosen] {
    chosen = [given](const Common& common) { return label_folder(common, *given); };
  });
}

}  // namespace pare::cli
