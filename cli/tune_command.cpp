// pare tune: from a detector and images to what is faster on this machine, in one command.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/own_service.h"
#include "cli/tune_arguments.h"
#include "cli/tune_record.h"
#include "cli/tune_results.h"
#include "cli/tune_setup.h"
#include "cli/watch.h"
#include "wire/dataset_archive.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

json job_document(const TuneArguments& given, const json& question) {
  json document = {{"model", question["model"]},
                   {"dataset", question["dataset"]},
                   {"targets", question["targets"]},
                   {"seed", given.seed},
                   {"budget", {{"trials", given.trials}}}};
  if (given.train) document["recovery"] = {{"kind", "supernet"}, {"minutes", *given.train}};
  return document;
}

// Another service may have another job of that number; one that failed is begun anew.
bool goes_on(const Service& service, std::int64_t number, const json& question) {
  const auto job = service.get("/v1/jobs/" + std::to_string(number));
  if (!job || job.value().value("model_sha256", "") != question["model"]) return false;
  const std::string state = job.value().value("state", "");
  return state != "failed" && state != "cancelled";
}

// The job that was begun for this question, or a new one; its number.
Exit begin_job(const Service& service, const TuneArguments& given, json question,
               std::string& number) {
  question["trials"] = given.trials;
  question["seed"] = given.seed;
  question["train_minutes"] = given.train ? json(*given.train) : json();
  const auto begun = begun_job(given.out, question);
  if (!begun) return report_usage(begun.error());
  if (begun.value() && goes_on(service, *begun.value(), question)) {
    number = std::to_string(*begun.value());
    return Exit::kOk;
  }
  const auto job = service.create("/v1/jobs", job_document(given, question));
  if (!job) return report(job.error());
  for (const json& warning : job.value().value("warnings", json::array())) {
    say_aside("pare: warning: " + warning.get<std::string>());
  }
  number = job.value()["id"].dump();
  const auto kept = record_job(given.out, question, job.value()["id"].get<std::int64_t>());
  return kept ? Exit::kOk : report_usage(kept.error());
}

Exit stopped(const OwnService& own, const std::string& job) {
  say_aside("pare: stopped; " +
            (own.was_started() ? "the same command goes on with job " + job
                               : "job " + job +
                                     " goes on in the service: the same command follows it, `pare "
                                     "cancel " +
                                     job + "` ends it"));
  return Exit::kFailed;
}

// Kept when the job has ended well: the winners, printed, and what else there is to see.
Exit leave_results(const Common& common, const TuneArguments& given, const OwnService& own,
                   const json& job) {
  const std::string number = job["id"].dump();
  json answer = {{"job", job["id"]}, {"folder", given.out}, {"targets", json::array()}};
  std::string text;
  Exit outcome = Exit::kFailed;  // until something is faster
  for (const json& name : job["targets"]) {
    TuneWinner winner;
    winner.target = name.get<std::string>();
    const Exit done = find_winner(own.service(), given, number, winner);
    if (done != Exit::kOk) return done;
    if (interrupted()) return stopped(own, number);
    if (winner.member) outcome = Exit::kOk;
    text += winner_text(winner, given.within);
    answer["targets"].push_back(winner_json(winner));
  }
  if (common.json) {
    print_json(answer);
    return outcome;
  }
  print("\n" + text + "\nIn " + given.out +
        ": TARGET.onnx, TARGET.md (what was cut where, and why) and TARGET.plan.json (`pare apply` "
        "replays it when the model was trained anew).\nThe fronts: `pare pareto " +
        number + "`" + (own.was_started() ? ", while `pare up` runs" : "") + ".\n");
  return outcome;
}

Exit tune_on(const Common& common, const TuneArguments& given, const OwnService& own) {
  TuneSetup setup(common, given, own.service());
  if (const Exit done = setup.run(); done != Exit::kOk) return done;
  std::string number;
  if (const Exit done = begin_job(own.service(), given, setup.question(), number);
      done != Exit::kOk) {
    return done;
  }
  if (!common.json) {
    print("job       " + number + ", " + own.service().url() + "/jobs/" + number +
          " (Ctrl-C stops, the same command goes on)\n");
  }
  const auto job = follow(common, own.service(), number);
  if (!job) return report(job.error());
  if (!has_ended(job.value())) return stopped(own, number);
  if (job.value().value("state", "") == "succeeded") {
    return leave_results(common, given, own, job.value());
  }
  say_aside("pare: job " + number + " is " + job.value().value("state", "") + ": " +
            job.value().value("reason", "no reason given"));
  return Exit::kFailed;
}

// What is wrong with the user's own words and files is said before anything is started.
Result<std::monostate> check(const TuneArguments& given) {
  if (const auto readable = can_read(given.file); !readable) return readable.error();
  if (!given.labels.empty()) {
    if (const auto readable = can_read(given.labels); !readable) return readable.error();
  }
  for (const std::string& folder : {given.images, given.calibration}) {
    if (folder.empty()) continue;
    if (const auto images = wire::images_in(folder); !images) return images.error();
  }
  if (const auto card = card_of(given.card); !card) return card.error();
  std::error_code error;
  fs::create_directories(given.out, error);
  if (!error) return std::monostate{};
  return Error{ErrorCode::kInvalidArgument, "cannot make " + given.out + ": " + error.message()};
}

Exit tune(const Common& common, const TuneArguments& given) {
  if (const auto good = check(given); !good) return report_usage(good.error());
  watch_for_interrupt();
  const auto own = OwnService::at(common.url, given.data, fs::path(given.out) / "service.log");
  if (!own) return report(own.error());
  if (!common.json && own.value().was_started()) {
    print("service   started on this machine, for as long as this runs\n");
  }
  return tune_on(common, given, own.value());
}

}  // namespace

void add_tune_command(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<TuneArguments>();  // owned by the callback
  CLI::App* command = app.add_subcommand(
      "tune", "From a detector and images to the fastest that is still accurate, in one command");
  command->add_option("file", given->file, "The ONNX file")->required();
  command
      ->add_option("--images", given->images,
                   "Folder of images: some to calibrate on, the others to score on")
      ->required();
  command->add_option("--labels", given->labels, "COCO JSON of the images, or of some of them");
  command->add_option("--calibration", given->calibration,
                      "Folder of images to calibrate on; --images are all scored on then");
  command->add_option("--most-images", given->most_images, "Score on at most so many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--runtime", given->runtimes,
                      "openvino, onnxruntime, ...; may be repeated; else both of these");
  command->add_option("--target", given->targets,
                      "A target that is there, instead; may be repeated");
  command->add_option("--threads", given->threads, "Threads of the runtime")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--within", given->within, "mAP points that may be lost")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--trials", given->trials, "How many candidates to try")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--train", given->train,
                      "Minutes to train a super-network before the search; without it, none");
  command->add_option("--seed", given->seed, "The same seed, the same search")
      ->capture_default_str();
  command->add_option("-o,--output", given->out, "Folder for the results; else FILE-tuned");
  command->add_option("--data", given->data, "Where a service that is started keeps its data");
  command->add_flag("--no-compare", given->no_compare, "No A/B comparison at the end");
  add_card_options(*command, given->card);
  command->add_option("--engine", given->engine, "pare-engine")->capture_default_str();
  command->callback([given, &chosen] {
    if (given->out.empty()) given->out = fs::path(given->file).stem().string() + "-tuned";
    chosen = [given](const Common& common) { return tune(common, *given); };
  });
}

}  // namespace pare::cli
