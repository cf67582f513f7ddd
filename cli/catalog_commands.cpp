// pare model, dataset, target, workers: what users bring, and who works on it.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/card.h"
#include "cli/command.h"
#include "cli/engine.h"
#include "cli/format.h"
#include "cli/registration.h"
#include "wire/dataset_archive.h"

namespace pare::cli {

using nlohmann::json;

namespace {

// Waits until the inspection ended, and says what came of it.
Exit await_inspection(const Common& common, const Service& service, const std::string& path,
                      const std::function<std::string(const json&)>& view) {
  const auto entry = inspected(service, path);
  if (!entry) return report(entry.error());
  const Exit shown = show(common, entry, view);
  return entry.value().value("state", "") == "ready" ? shown : Exit::kFailed;
}

std::string model_view(const json& model, int width) {
  std::string out = models_table(json::array({model}), width);
  if (model.contains("summary")) out += "\n" + summary_text(model["summary"], width);
  return out;
}

struct ModelArguments {
  std::string file;
  std::string name;
  CardArguments card;
  std::string engine = program_beside("pare-engine");
  bool no_wait = false;
};

Exit add_model(const Common& common, const ModelArguments& given) {
  const auto card = card_of(given.card);
  if (!card) return report_usage(card.error());
  const auto folder = TemporaryFolder::make();
  if (!folder) return report_usage(folder.error());
  const auto whole =
      sendable_file({.program = given.engine, .scratch = folder.value().path()}, given.file);
  if (!whole) return report_engine(whole.error());
  return with_service(common, [&](const Service& service) {
    const auto added = register_model(service, whole.value(), given.name, card.value(),
                                      upload_progress(common, given.file));
    const auto view = [&](const json& model) { return model_view(model, common.width); };
    if (!added || given.no_wait) return show(common, added, view);
    return await_inspection(common, service, "/v1/models/" + added.value().value("sha256", ""),
                            view);
  });
}

// Another card for a model that is there: jobs posted from now on go by it.
Exit change_card(const Common& common, const ModelArguments& given) {
  const auto card = card_of(given.card);
  if (!card) return report_usage(card.error());
  return with_service(common, [&](const Service& service) {
    const auto model = service.get("/v1/models/" + escaped(given.name));
    if (!model) return report(model.error());
    json document = {{"name", model.value()["name"]}, {"sha256", model.value()["sha256"]}};
    if (!card.value().empty()) document["card"] = card.value();
    const auto changed = service.put("/v1/models", document);
    const auto view = [&](const json& found) { return model_view(found, common.width); };
    if (!changed || given.no_wait) return show(common, changed, view);
    const std::string path = "/v1/models/" + model.value()["sha256"].get<std::string>();
    return await_inspection(common, service, path, view);
  });
}

struct DatasetArguments {
  std::string name;
  std::string calibration;
  std::string validation;
  std::string labels;
  bool no_wait = false;
};

Exit add_dataset(const Common& common, const DatasetArguments& given) {
  const auto folder = TemporaryFolder::make();
  if (!folder) return report_usage(folder.error());
  const std::filesystem::path archive = folder.value().path() / "dataset";
  wire::DatasetSource source{given.calibration, given.validation, std::nullopt};
  if (!given.labels.empty()) source.labels = given.labels;
  const auto made = wire::write_dataset_archive(source, archive);
  if (!made) return report_usage(made.error());
  for (const std::string& note : made.value().notes) say_aside("pare: " + note);
  return with_service(common, [&](const Service& service) {
    const auto added =
        register_dataset(service, archive, given.name, upload_progress(common, given.name));
    const auto view = [&](const json& dataset) { return dataset_text(dataset, common.width); };
    if (!added || given.no_wait) return show(common, added, view);
    return await_inspection(common, service, "/v1/datasets/" + added.value().value("sha256", ""),
                            view);
  });
}

using TableView = std::string (*)(const json&, int);

Action list_action(const std::string& path, TableView table) {
  return [path, table](const Common& common) {
    return with_service(common, [&](const Service& service) {
      return show(common, service.list(path),
                  [&](const json& items) { return table(items, common.width); });
    });
  };
}

void add_model_commands(CLI::App& app, Action& chosen) {
  CLI::App* model = app.add_subcommand("model", "Detectors: add, list, show, card");
  model->require_subcommand(1);

  auto given = std::make_shared<ModelArguments>();  // owned by the callback
  CLI::App* add = model->add_subcommand("add", "Upload an ONNX detector and have it inspected");
  add->add_option("file", given->file, "The ONNX file")->required();
  add->add_option("--name", given->name, "What to call it")->required();
  add_card_options(*add, given->card);
  add->add_option("--engine", given->engine, "pare-engine")->capture_default_str();
  add->add_flag("--no-wait", given->no_wait, "Do not wait for the inspection");
  add->callback([given, &chosen] {
    chosen = [given](const Common& common) { return add_model(common, *given); };
  });

  auto other = std::make_shared<ModelArguments>();
  CLI::App* change = model->add_subcommand(
      "card", "Give a model another card: results keep the one they were made with");
  change->add_option("model", other->name, "Name or SHA-256 (8 digits or more)")->required();
  add_card_options(*change, other->card);
  change->add_flag("--no-wait", other->no_wait, "Do not wait for the inspection");
  change->callback([other, &chosen] {
    chosen = [other](const Common& common) { return change_card(common, *other); };
  });

  model->add_subcommand("list", "The models")->callback([&chosen] {
    chosen = list_action("/v1/models", models_table);
  });

  auto name = std::make_shared<std::string>();
  CLI::App* show_one = model->add_subcommand("show", "A model, and what Pare understood of it");
  show_one->add_option("model", *name, "Name or SHA-256 (8 digits or more)")->required();
  show_one->callback([name, &chosen] {
    chosen = [name](const Common& common) {
      return with_service(common, [&](const Service& service) {
        return show(common, service.get("/v1/models/" + escaped(*name)),
                    [&](const json& model_json) { return model_view(model_json, common.width); });
      });
    };
  });
}

void add_dataset_commands(CLI::App& app, Action& chosen) {
  CLI::App* dataset = app.add_subcommand("dataset", "Images and labels: add, show, list");
  dataset->require_subcommand(1);
  auto given = std::make_shared<DatasetArguments>();
  CLI::App* add = dataset->add_subcommand("add", "Upload images, and labels if there are any");
  add->add_option("--name", given->name, "What to call it")->required();
  add->add_option("--calibration", given->calibration, "Folder of images without labels")
      ->required();
  add->add_option("--val", given->validation, "Folder of images to score on")->required();
  add->add_option("--labels", given->labels, "COCO JSON of the validation images");
  add->add_flag("--no-wait", given->no_wait, "Do not wait for the inspection");
  add->callback([given, &chosen] {
    chosen = [given](const Common& common) { return add_dataset(common, *given); };
  });
  auto name = std::make_shared<std::string>();
  CLI::App* show_one =
      dataset->add_subcommand("show", "A dataset: its classes, and what of it is not used or odd");
  show_one->add_option("dataset", *name, "Name or SHA-256 (8 digits or more)")->required();
  show_one->callback([name, &chosen] {
    chosen = [name](const Common& common) {
      return with_service(common, [&](const Service& service) {
        return show(common, service.get("/v1/datasets/" + escaped(*name)),
                    [&](const json& found) { return dataset_text(found, common.width); });
      });
    };
  });
  dataset->add_subcommand("list", "The datasets")->callback([&chosen] {
    chosen = list_action("/v1/datasets", datasets_table);
  });
}

struct TargetArguments {
  std::string name;
  std::string runtime;
  std::string pool = "default";
  int threads = 1;
  std::vector<std::string> precisions;
};

void add_target_commands(CLI::App& app, Action& chosen) {
  CLI::App* target = app.add_subcommand("target", "What to optimise for: add, list");
  target->require_subcommand(1);
  auto given = std::make_shared<TargetArguments>();
  CLI::App* add = target->add_subcommand("add", "Add a target");
  add->add_option("name", given->name, "What to call it")->required();
  add->add_option("--runtime", given->runtime, "openvino, onnxruntime, ...")->required();
  add->add_option("--threads", given->threads, "Threads of the runtime")->capture_default_str();
  add->add_option("--pool", given->pool, "Pool of devices")->capture_default_str();
  add->add_option("--precision", given->precisions,
                  "Precisions it may be given: fp32, int8, fp16, bf16");
  add->callback([given, &chosen] {
    chosen = [given](const Common& common) {
      json document = {{"name", given->name},
                       {"runtime", given->runtime},
                       {"pool", given->pool},
                       {"threads", given->threads}};
      if (!given->precisions.empty()) document["precisions"] = given->precisions;
      return with_service(common, [&](const Service& service) {
        return show(common, service.post("/v1/targets", document), [&](const json& added) {
          return targets_table(json::array({added}), common.width);
        });
      });
    };
  });
  target->add_subcommand("list", "The targets, and how many workers serve each")
      ->callback([&chosen] { chosen = list_action("/v1/targets", targets_table); });
}

}  // namespace

void add_catalog_commands(CLI::App& app, Action& chosen) {
  add_model_commands(app, chosen);
  add_dataset_commands(app, chosen);
  add_target_commands(app, chosen);
  app.add_subcommand("workers", "The workers: where, what they serve, what they do")
      ->callback([&chosen] { chosen = list_action("/v1/workers", workers_table); });
}

}  // namespace pare::cli
