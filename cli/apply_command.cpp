// pare apply: a plan replayed on a model that was trained anew.  Needs no service: it starts
// pare-engine.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/card.h"
#include "cli/command.h"
#include "cli/engine.h"
#include "cli/format.h"
#include "cli/output_file.h"
#include "core/replay.h"
#include "wire/plan_json.h"
#include "wire/sha256.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct ApplyArguments {
  std::string plan;
  std::string model;
  std::string calibration;
  std::string original;
  CardArguments card;
  std::string engine;
  std::string out;
};

// A file of a plan, or of what the service says of one (`pare plan`, GET /v1/plans).
Result<Plan> read_plan_file(const std::string& file) {
  auto document = read_json_file(file);
  if (!document) return document.error();
  const json read = std::move(document).value();
  const bool wrapped = read.is_object() && read.contains("plan");
  auto plan = wire::parse_plan((wrapped ? read["plan"] : read).dump());
  if (!plan) return Error{plan.error().code, file + ": " + plan.error().message};
  return plan;
}

// Prepares for this plan and no other, and builds it.
class Replay {
 public:
  Replay(EngineRun engine, const ApplyArguments& given, const ModelSummary& model, const Plan& plan)
      : engine_(std::move(engine)), given_(given), model_(model), plan_(plan) {}

  struct Made {
    fs::path file;
    wire::BuildResult cost;
  };

  Result<Made> run() {
    const auto dataset = calibration_dataset(given_.calibration, engine_.scratch);
    if (!dataset) return dataset.error();
    const auto statistics = prepare(dataset.value());
    if (!statistics) return statistics.error();
    wire::TaskDocument task;
    task.params = wire::BuildParams{model_.card, plan_};
    const auto digest = wire::sha256_file(statistics.value().string());
    if (!digest) return digest.error();
    task.blobs = {{"model", model_.sha256}, {"statistics", digest.value()}};
    task.files = {{"model", fs::absolute(given_.model).string()},
                  {"statistics", statistics.value().string()}};
    if (plan_.reconstruction == Reconstruction::kSequential) add(dataset.value(), task);
    auto built = run_on_engine(engine_, task);
    if (!built) return built.error();
    const auto file = artifact(built.value(), "candidate");
    return Made{file, std::get<wire::BuildResult>(std::move(built).value().result)};
  }

 private:
  // The folder under a digest that nobody looks up.
  void add(const fs::path& dataset, wire::TaskDocument& task) const {
    task.blobs["dataset"] = model_.sha256;
    task.files["dataset"] = dataset.string();
  }

  Result<fs::path> prepare(const fs::path& dataset) const {
    wire::TaskDocument task;
    task.params = wire::PrepareParams{
        .card = model_.card,
        .resolutions = {{plan_.height, plan_.width}},
        .precisions = {plan_.quantization ? Precision::kInt8 : Precision::kFp32},
        .seed = 1,
        .rank_int8_layers = false};
    task.blobs = {{"model", model_.sha256}};
    task.files = {{"model", fs::absolute(given_.model).string()}};
    add(dataset, task);
    const auto prepared = run_on_engine(engine_, task);
    if (!prepared) return prepared.error();
    return artifact(prepared.value(), "statistics");
  }

  fs::path artifact(const wire::TaskSuccess& task, const std::string& role) const {
    return engine_.scratch / std::get<wire::LocalFile>(task.artifacts.at(role)).path;
  }

  EngineRun engine_;
  const ApplyArguments& given_;
  const ModelSummary& model_;
  const Plan& plan_;
};

// Said before a minute is spent on what goes there.
Result<std::monostate> can_put(const fs::path& to) {
  const auto out = OutputFile::create(to);
  if (!out) return out.error();
  return std::monostate{};
}

void say_each(const std::string& kind, const std::vector<std::string>& sentences) {
  const std::string said = kind + ": ";
  std::ranges::for_each(sentences, [&](const std::string& one) { say_aside(said + one); });
}

json report_json(const Plan& plan, const ReplayReport& report) {
  return {{"plan_sha256", wire::plan_sha256(plan)},
          {"obstacles", report.obstacles},
          {"warnings", report.warnings}};
}

Exit finish(const Common& common, const ApplyArguments& given, const Replay::Made& made,
            json document) {
  const auto sha256 = wire::sha256_file(made.file.string());
  if (!sha256) return report_engine(sha256.error());
  if (const auto put = copy_whole(made.file, given.out); !put) return report_usage(put.error());
  document.update({{"file", given.out},
                   {"sha256", sha256.value()},
                   {"bytes", made.cost.bytes},
                   {"macs", made.cost.macs},
                   {"parameters", made.cost.parameters}});
  return show(common, document, [&](const json&) {
    return given.out + ": " + byte_size(static_cast<double>(made.cost.bytes)) + ", " +
           count_text(static_cast<double>(made.cost.macs)) + " MACs, SHA-256 " + sha256.value() +
           "\n";
  });
}

// The models that are compared, each in one file, as they were understood.
struct Models {
  ModelSummary model;
  std::optional<ModelSummary> original;
};

Result<Models> inspect_both(const EngineRun& engine, ApplyArguments& given,
                            const std::optional<PartialCard>& card) {
  for (std::string* file : {&given.model, &given.original}) {
    if (file->empty()) continue;
    auto whole = in_one_file(engine, *file);
    if (!whole) return whole.error();
    *file = std::move(whole).value();
  }
  auto model = inspect_file(engine, given.model, card);
  if (!model) return model.error();
  Models models{std::move(model).value(), std::nullopt};
  if (given.original.empty()) return models;
  auto original = inspect_file(engine, given.original, card);
  if (!original) return original.error();
  models.original = std::move(original).value();
  return models;
}

Exit apply(const Common& common, ApplyArguments given) {
  const auto plan = read_plan_file(given.plan);
  if (!plan) return report_usage(plan.error());
  const auto card = partial_card_of(given.card);
  if (!card) return report_usage(card.error());
  if (const auto put = can_put(given.out); !put) return report_usage(put.error());
  const auto folder = TemporaryFolder::make();
  if (!folder) return report_usage(folder.error());
  EngineRun engine{.program = given.engine, .scratch = folder.value().path()};
  const auto models = inspect_both(engine, given, card.value());
  if (!models) return report_engine(models.error());
  const ReplayReport report =
      check_replay(plan.value(), models.value().model, models.value().original);
  const json document = report_json(plan.value(), report);
  say_each("differs", report.warnings);
  if (!report.obstacles.empty()) {
    say_each("cannot be replayed", report.obstacles);
    if (common.json) print_json(document);
    return Exit::kFailed;
  }
  if (common.progress) engine.progress = print_progress;
  Plan own = plan.value();
  own.weights = Weights::kOriginal;
  const auto made = Replay(engine, given, models.value().model, own).run();
  if (common.progress) end_progress();
  if (!made) return report_engine(made.error());
  return finish(common, given, made.value(), document);
}

}  // namespace

void add_apply_command(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<ApplyArguments>();  // owned by the callback
  given->engine = program_beside("pare-engine");
  CLI::App* command = app.add_subcommand("apply", "Replay a plan on a model that was trained anew");
  command->add_option("plan", given->plan, "The plan (JSON; see `pare plan`)")->required();
  command->add_option("model", given->model, "The ONNX file")->required();
  command->add_option("--calibration", given->calibration, "A folder of images, without labels")
      ->required();
  command->add_option("-o,--output", given->out, "Where the ONNX file goes")->required();
  command->add_option("--original", given->original,
                      "The model that the plan was made for: says what differs");
  add_card_options(*command, given->card);
  command->add_option("--engine", given->engine, "pare-engine")->capture_default_str();
  command->callback([given, &chosen] {
    chosen = [given](const Common& common) { return apply(common, *given); };
  });
}

}  // namespace pare::cli
