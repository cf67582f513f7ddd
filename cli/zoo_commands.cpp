#include "cli/zoo_commands.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/engine.h"
#include "cli/format.h"
#include "cli/output_file.h"
#include "cli/table.h"
#include "wire/sha256.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct ZooArguments {
  std::string backbone, neck = "fpn", head = "yolox";
  int classes = 80, input = 320, neck_channels = 64;
  std::uint64_t seed = 1;
  bool deployed = false;
  std::string out;
  std::string engine;
};

std::string parts_text(const json& parts, int width) {
  std::string text;
  for (const auto& [kind, says] :
       {std::pair{"backbones", "source"}, {"necks", "description"}, {"heads", "description"}}) {
    Table table({{kind}, {says}});
    for (const json& part : parts.at(kind)) table.add({part.at("name"), part.at(says)});
    text += (text.empty() ? "" : "\n") + table.text(width);
  }
  return text;
}

Exit list_zoo(const Common& common, const std::string& engine) {
  const auto parts = ask_engine(engine, {"zoo", "list"});
  if (!parts) return report_usage(parts.error());
  return show(common, parts, [&](const json& all) { return parts_text(all, common.width); });
}

std::vector<std::string> words_of(const ZooArguments& given, const fs::path& file) {
  std::vector<std::string> words = {"zoo",
                                    "build",
                                    "--neck",
                                    given.neck,
                                    "--head",
                                    given.head,
                                    "--classes",
                                    std::to_string(given.classes),
                                    "--input",
                                    std::to_string(given.input),
                                    "--neck-channels",
                                    std::to_string(given.neck_channels),
                                    "--seed",
                                    std::to_string(given.seed),
                                    "-o",
                                    file.string()};
  if (given.deployed) words.emplace_back("--deployed");
  words.insert(words.end(), {"--", given.backbone});
  return words;
}

Exit build_detector(const Common& common, const ZooArguments& given) {
  fs::path card = given.out;
  card.replace_extension(".json");
  if (card == given.out) {
    return report_usage({ErrorCode::kInvalidArgument,
                         "-o " + given.out + ": the model card goes there; name the ONNX file"});
  }
  const auto folder = TemporaryFolder::make();
  if (!folder) return report_usage(folder.error());
  const fs::path made = folder.value().path() / "zoo.onnx";
  const auto built = ask_engine(given.engine, words_of(given, made));
  if (!built) return report_usage(built.error());
  const auto sha256 = wire::sha256_file(made.string());
  if (!sha256) return report_usage(sha256.error());
  std::error_code unknown;
  const auto bytes = fs::file_size(made, unknown);
  if (auto put = copy_whole(made, given.out); !put) return report_usage(put.error());
  if (auto put = copy_whole(folder.value().path() / "zoo.json", card); !put) {
    return report_usage(put.error());
  }
  json document = built.value();
  document.update({{"file", given.out},
                   {"card", card.string()},
                   {"sha256", sha256.value()},
                   {"bytes", unknown ? 0 : bytes}});
  return show(common, document, [&](const json& done) {
    return given.out + ": " + byte_size(done.at("bytes")) + ", " +
           count_text(done.at("parameters")) + " parameters, " + count_text(done.at("macs")) +
           " MACs as it is shipped; card " + card.string() + "\n";
  });
}

}  // namespace

void add_zoo_commands(CLI::App& app, Action& chosen) {
  CLI::App* zoo = app.add_subcommand("zoo", "Detectors to train from scratch: list, build");
  zoo->require_subcommand(1);
  auto given = std::make_shared<ZooArguments>();  // owned by the callbacks
  given->engine = program_beside("pare-engine");
  CLI::App* list = zoo->add_subcommand("list", "Backbones, necks and heads");
  CLI::App* one =
      zoo->add_subcommand("build", "A detector with freshly drawn weights, and its card");
  one->add_option("backbone", given->backbone, "See `pare zoo list`")->required();
  one->add_option("--neck", given->neck)->capture_default_str();
  one->add_option("--head", given->head)->capture_default_str();
  one->add_option("--classes", given->classes, "How many it tells apart")->capture_default_str();
  one->add_option("--input", given->input, "Height and width")->capture_default_str();
  one->add_option("--neck-channels", given->neck_channels)->capture_default_str();
  one->add_option("--seed", given->seed, "Of the weights")->capture_default_str();
  one->add_flag("--deployed", given->deployed,
                "As it is shipped once it was trained (no branches, no normalisation); what is "
                "built so cannot be trained");
  one->add_option("-o,--output", given->out, "Where the ONNX file goes; the card beside it")
      ->required();
  for (CLI::App* command : {list, one}) {
    command->add_option("--engine", given->engine, "pare-engine")->capture_default_str();
  }
  list->callback([given, &chosen] {
    chosen = [given](const Common& common) { return list_zoo(common, given->engine); };
  });
  one->callback([given, &chosen] {
    chosen = [given](const Common& common) { return build_detector(common, *given); };
  });
}

}  // namespace pare::cli
