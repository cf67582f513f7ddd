// pare submit, watch, jobs, trials, checks, pause, resume, priority, cancel.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/watch.h"

namespace pare::cli {

using nlohmann::json;

namespace {

struct SubmitArguments {
  std::string file;
  std::string model;
  std::string dataset;
  std::vector<std::string> targets;
  std::optional<int> trials;
  std::optional<double> seconds;
  std::optional<double> device_seconds;
  std::optional<int> stagnation;
  std::vector<std::string> objectives;
  std::vector<std::string> at_most;
  std::vector<std::string> at_least;
  std::vector<std::string> begin_with;
  bool worst = false;
  std::string transfer;
  std::string strategy;
  std::optional<std::uint64_t> seed;
  std::vector<double> resolution;
  std::vector<std::string> precision;
  std::string recovery;
  std::optional<double> minutes, int8_minutes;
  std::string supernet;
  std::optional<int> distill;
  std::optional<double> minutes_each;
  bool no_width = false;
  bool no_depth = false;
  bool no_kernels = false;
  bool no_storage = false;
  std::optional<double> held_back;
  bool certain_card = false;
  bool watch = false;
};

// METRIC=VALUE as a constraint; `bound` is "max" or "min".
Result<json> constraint_of(const std::string& text, const char* bound) {
  const std::size_t equals = text.rfind('=');
  const auto wrong = [&] {
    return Error{ErrorCode::kInvalidArgument,
                 "--" + std::string(bound) + " " + text + ": it takes METRIC=VALUE, such as " +
                     (std::string_view(bound) == "max" ? "latency_ms=12" : "map_50_95=0.36")};
  };
  if (equals == std::string::npos || equals == 0) return wrong();
  const char* first = text.data() + equals + 1;
  double value = 0;
  const auto [end, failure] = std::from_chars(first, text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return wrong();
  return json{{"metric", text.substr(0, equals)}, {bound, value}};
}

Result<json> constraints_of(const SubmitArguments& given, json constraints) {
  for (const auto& [texts, bound] : {std::pair(&given.at_most, "max"), {&given.at_least, "min"}}) {
    for (const std::string& text : *texts) {
      auto constraint = constraint_of(text, bound);
      if (!constraint) return constraint.error();
      constraints.push_back(std::move(constraint).value());
    }
  }
  return constraints;
}

Result<std::int64_t> job_number(const std::string& flag, const std::string& text) {
  if (!text.empty() && text.size() < 18 && std::ranges::all_of(text, ::isdigit)) {
    return std::stoll(text);
  }
  return Error{ErrorCode::kInvalidArgument, flag + " takes the number of a job, not " + text};
}

// A plan's file, "job:7", or a plan's SHA-256.
Result<json> starting_point_of(const std::string& text) {
  if (text.starts_with("job:")) {
    const auto number = job_number("--begin-with job:", text.substr(4));
    if (!number) return number.error();
    return json{{"front_of", number.value()}};
  }
  if (!is_file(text)) return json{{"sha256", text}};
  auto plan = read_json_file(text);
  if (!plan) return plan.error();
  return json{{"plan", std::move(plan).value()}};
}

// What the flags say of plans that are trained alone; null: nothing.
Result<json> distill_of(const SubmitArguments& given) {
  if (given.minutes_each && !given.distill) {
    return Error{ErrorCode::kInvalidArgument, "--minutes-each stands beside --distill"};
  }
  if (!given.distill) return json(nullptr);
  json distill = {{"plans", *given.distill}};
  if (given.minutes_each) distill["minutes"] = *given.minutes_each;
  return distill;
}

// What the flags say of a super-network, and of repair without one; null: nothing.
Result<json> repair_of(const SubmitArguments& given) {
  constexpr const char* kSupernet = "supernet";
  if (!given.supernet.empty()) {
    if (given.minutes || given.int8_minutes ||
        (!given.recovery.empty() && given.recovery != kSupernet)) {
      return Error{ErrorCode::kInvalidArgument,
                   "--supernet takes one that was trained: no --minutes, and no other --recovery"};
    }
    return json{{"kind", kSupernet}, {"from", given.supernet}};
  }
  if (given.recovery == kSupernet) {
    json recovery = {{"kind", kSupernet}};
    if (given.minutes) recovery["minutes"] = *given.minutes;
    if (given.int8_minutes) recovery["int8_minutes"] = *given.int8_minutes;
    return recovery;
  }
  if (given.minutes || given.int8_minutes) {
    return Error{ErrorCode::kInvalidArgument,
                 "--minutes and --int8-minutes stand beside --recovery supernet"};
  }
  return given.recovery.empty() ? json(nullptr) : json(given.recovery);
}

// Both together; null: nothing.
Result<json> recovery_of(const SubmitArguments& given) {
  auto distill = distill_of(given);
  if (!distill) return distill.error();
  auto repair = repair_of(given);
  if (!repair || distill.value().is_null()) return repair;
  json recovery = std::move(repair).value();
  if (recovery.is_object()) {
    recovery["distill"] = std::move(distill).value();
    return recovery;
  }
  if (recovery == "none") {
    return Error{ErrorCode::kInvalidArgument,
                 "--distill goes on from a repair: not beside --recovery none"};
  }
  recovery = std::move(distill).value();
  recovery["kind"] = "distill";
  return recovery;
}

// An object, empty without a file.
Result<json> document_in(const std::string& file) {
  if (file.empty()) return json::object();
  auto read = read_json_file(file);
  if (read && !read.value().is_object()) {
    return Error{ErrorCode::kInvalidArgument, file + " holds no job document"};
  }
  return read;
}

// What flags say as it is, without a look at what they name.
void put_plain(const SubmitArguments& given, json& job) {
  if (!given.model.empty()) job["model"] = given.model;
  if (!given.dataset.empty()) job["dataset"] = given.dataset;
  if (!given.targets.empty()) job["targets"] = given.targets;
  if (given.trials) job["budget"]["trials"] = *given.trials;
  if (given.seconds) job["budget"]["seconds"] = *given.seconds;
  if (given.device_seconds) job["budget"]["device_seconds"] = *given.device_seconds;
  if (given.stagnation) job["budget"]["stagnation"] = *given.stagnation;
  if (given.worst) job["across"] = "worst";
  if (!given.objectives.empty()) job["objectives"] = given.objectives;
  if (!given.strategy.empty()) job["strategy"] = given.strategy;
  if (given.seed) job["seed"] = *given.seed;
  if (given.held_back) job["validation"]["held_back"] = *given.held_back;
  if (given.certain_card) job["validation"]["try_preprocessings"] = false;
}

void put_space(const SubmitArguments& given, json& job) {
  if (!given.resolution.empty()) {
    job["space"]["resolution"] = {given.resolution.front(), given.resolution.back()};
  }
  if (!given.precision.empty()) job["space"]["precision"] = given.precision;
  if (given.no_width) job["space"]["width"] = false;
  if (given.no_depth) job["space"]["depth"] = false;
  if (given.no_kernels) job["space"]["kernels"] = false;
  if (given.no_storage) job["space"]["storage"] = false;
}

// The document of the file, with what the flags say on top.
Result<json> document_of(const SubmitArguments& given) {
  auto document = document_in(given.file);
  if (!document) return document;
  json job = std::move(document).value();
  put_plain(given, job);
  put_space(given, job);
  if (!given.transfer.empty()) {
    const auto from = job_number("--transfer", given.transfer);
    if (!from) return from.error();
    job["transfer"]["from"] = from.value();
  }
  for (const std::string& point : given.begin_with) {
    auto read = starting_point_of(point);
    if (!read) return read.error();
    job["begin_with"].push_back(std::move(read).value());
  }
  auto constraints = constraints_of(given, job.value("constraints", json::array()));
  if (!constraints) return constraints.error();
  if (!constraints.value().empty()) job["constraints"] = std::move(constraints).value();
  auto recovery = recovery_of(given);
  if (!recovery) return recovery.error();
  if (!recovery.value().is_null()) job["recovery"] = std::move(recovery).value();
  return job;
}

Exit submit(const Common& common, const SubmitArguments& given) {
  const auto document = document_of(given);
  if (!document) return report_usage(document.error());
  return with_service(common, [&](const Service& service) {
    const auto job = service.create("/v1/jobs", document.value());
    if (!job) return report(job.error());
    const std::string id = job.value()["id"].dump();
    for (const json& warning : job.value().value("warnings", json::array())) {
      say_aside("pare: warning: " + warning.get<std::string>());
    }
    if (given.watch) {
      if (!common.json) print("job " + id + "\n");
      return watch(common, service, id);
    }
    return show(common, job, [&](const json&) {
      return "job " + id + " is queued: `pare watch " + id + "` follows it\n";
    });
  });
}

void add_submit(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<SubmitArguments>();  // owned by the callback
  CLI::App* command = app.add_subcommand("submit", "Submit a search (a job)");
  command->add_option("file", given->file, "A job document (JSON); flags add to it");
  command->add_option("--model", given->model, "Name or SHA-256 of a model");
  command->add_option("--dataset", given->dataset, "Name or SHA-256 of a dataset");
  command->add_option("--target", given->targets, "A target; may be repeated");
  command->add_option("--trials", given->trials, "How many candidates to try");
  command->add_option("--seconds", given->seconds, "How long to search");
  command->add_option("--device-seconds", given->device_seconds,
                      "How much time devices may spend on it");
  command->add_option("--stagnation", given->stagnation,
                      "End after so many trials that brought nothing");
  command->add_option(
      "--objective", given->objectives,
      "map_50_95, map_small, class:NAME, latency_ms, bytes, peak_memory_bytes, ...; may be "
      "repeated");
  command->add_flag("--worst", given->worst,
                    "One front over all targets, by the one where a plan does worst");
  command->add_option("--begin-with", given->begin_with,
                      "A plan's file, a plan's SHA-256, or job:7 for its front; may be repeated");
  command->add_option("--transfer", given->transfer,
                      "Number of an earlier job on the same model and images: its plans, here");
  command->add_option("--max", given->at_most, "A constraint METRIC=VALUE; may be repeated");
  command->add_option("--min", given->at_least, "A constraint METRIC=VALUE; may be repeated");
  command->add_option("--strategy", given->strategy,
                      "pare, nsga2, evolution, local_search or random");
  command->add_option("--seed", given->seed, "The same seed, the same search");
  command->add_option("--resolution", given->resolution, "Scales of the input: LOW HIGH")
      ->expected(2);
  command->add_option("--precision", given->precision, "fp32, int8, fp16, bf16");
  command->add_option("--recovery", given->recovery,
                      "none, reconstruct, or supernet: trained weights (--minutes)");
  command->add_option("--minutes", given->minutes, "How long to train the super-network");
  command->add_option("--int8-minutes", given->int8_minutes,
                      "How long to train it for int8 after that; without it, not at all");
  command->add_option("--supernet", given->supernet,
                      "Take this one, which a job had trained (SHA-256, 8 digits or more)");
  command->add_option("--distill", given->distill,
                      "Train so many members of the fronts alone when the search is over");
  command->add_option("--minutes-each", given->minutes_each, "How long each of them is trained");
  command->add_flag("--no-width", given->no_width, "Remove no channels");
  command->add_flag("--no-depth", given->no_depth, "Leave out no blocks");
  command->add_flag("--no-kernels", given->no_kernels, "Make no kernel smaller");
  command->add_flag("--no-storage", given->no_storage,
                    "Store no weights in fewer bits, though the job counts bytes");
  command->add_option("--held-back", given->held_back,
                      "Share of the validation images that only checks what was chosen, 0 to 0.9");
  command->add_flag("--certain-card", given->certain_card,
                    "Try no other ways of preparing images on the labelled ones");
  command->add_flag("--watch", given->watch, "Follow it to its end");
  command->callback([given, &chosen] {
    chosen = [given](const Common& common) { return submit(common, *given); };
  });
}

std::shared_ptr<std::string> job_argument(CLI::App* command) {
  auto id = std::make_shared<std::string>();
  command->add_option("job", *id, "Number of the job")->required()->check(number_of_a_job);
  return id;
}

Exit change_job(const Common& common, const std::string& id, const std::string& what,
                const json& body) {
  return with_service(common, [&](const Service& service) {
    return show(common, service.post("/v1/jobs/" + id + "/" + what, body),
                [](const json& job) { return progress_line(job) + "\n"; });
  });
}

// A command that is a change of a job and says no more.
void add_change(CLI::App& app, Action& chosen, const std::string& what, const std::string& help) {
  CLI::App* command = app.add_subcommand(what, help);
  command->callback([id = job_argument(command), what, &chosen] {
    chosen = [id, what](const Common& common) {
      return change_job(common, *id, what, json::object());
    };
  });
}

}  // namespace

void add_job_commands(CLI::App& app, Action& chosen) {
  add_submit(app, chosen);

  CLI::App* follow = app.add_subcommand("watch", "Follow a job to its end");
  follow->callback([id = job_argument(follow), &chosen] {
    chosen = [id](const Common& common) {
      return with_service(common, [&](const Service& s) { return watch(common, s, *id); });
    };
  });

  app.add_subcommand("jobs", "The jobs")->callback([&chosen] {
    chosen = [](const Common& common) {
      return with_service(common, [&](const Service& service) {
        return show(common, service.list("/v1/jobs"),
                    [&](const json& jobs) { return jobs_table(jobs, common.width); });
      });
    };
  });

  CLI::App* trials = app.add_subcommand("trials", "Every trial of a job");
  trials->callback([id = job_argument(trials), &chosen] {
    chosen = [id](const Common& common) {
      return with_service(common, [&](const Service& service) {
        return show(common, service.list("/v1/jobs/" + *id + "/trials"),
                    [&](const json& all) { return trials_table(all, common.width); });
      });
    };
  });

  CLI::App* checks = app.add_subcommand("checks", "What the check of each target found");
  auto all = std::make_shared<bool>(false);  // owned by the callback
  checks->add_flag("--all", *all, "Every finding, and every setting that is not tried");
  checks->callback([id = job_argument(checks), all, &chosen] {
    chosen = [id, all](const Common& common) {
      return with_service(common, [&](const Service& service) {
        return show(common, service.list("/v1/jobs/" + *id + "/checks"), [&](const json& found) {
          return *all ? checks_text(found, Findings::kAll) : checks_view(found, *id);
        });
      });
    };
  });

  add_change(app, chosen, "pause", "Let a search stand still: what runs ends, nothing begins");
  add_change(app, chosen, "resume", "Let a paused search go on");
  add_change(app, chosen, "cancel", "End a job and what runs for it");

  CLI::App* priority = app.add_subcommand("priority", "Say how urgent a job is among your own");
  auto id = job_argument(priority);
  auto urgent = std::make_shared<int>(0);  // owned by the callback
  priority->add_option("PRIORITY", *urgent, "From -100 to 100; more comes first")->required();
  priority->callback([id, urgent, &chosen] {
    chosen = [id, urgent](const Common& common) {
      return change_job(common, *id, "priority", {{"priority", *urgent}});
    };
  });
}

}  // namespace pare::cli
