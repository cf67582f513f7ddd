// pare pareto, predict, download, plan, compare: what a job is worth.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/candidate_file.h"
#include "cli/command.h"
#include "cli/comparison.h"
#include "cli/engine.h"
#include "cli/format.h"
#include "cli/output_file.h"

namespace pare::cli {

using nlohmann::json;

namespace {

struct ParetoArguments {
  std::string job;
  std::string target;
  bool worst = false;
  std::optional<double> max_latency;
  std::optional<double> min_map;
  std::optional<double> max_bytes;
  bool all = false;
};

std::string query_of(const ParetoArguments& given) {
  std::string query;
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, *value);
  };
  add("max_latency_ms", given.max_latency);
  add("min_map", given.min_map);
  add("max_bytes", given.max_bytes);
  if (given.all) query += query.empty() ? "?all=true" : "&all=true";
  return query;
}

Exit pareto(const Common& common, const ParetoArguments& given) {
  return with_service(common, [&](const Service& service) {
    const auto job = service.get("/v1/jobs/" + given.job);
    if (!job) return report(job.error());
    std::vector<std::string> paths;
    if (given.worst) paths.push_back("front");
    for (const json& target : job.value()["targets"]) {
      const auto name = target.get<std::string>();
      if (given.worst || (!given.target.empty() && name != given.target)) continue;
      paths.push_back("fronts/" + escaped(name));
    }
    if (paths.empty()) paths.push_back("fronts/" + escaped(given.target));  // says what is wrong
    json fronts = json::array();
    for (const std::string& path : paths) {
      auto front = service.get("/v1/jobs/" + given.job + "/" + path + query_of(given));
      if (!front) return report(front.error());
      fronts.push_back(std::move(front).value());
      if (given.worst) fronts.back()["target"] = "worst of all targets";
    }
    return show(common, fronts, [&](const json& all) {
      std::string out;
      for (const json& front : all) {
        out += (out.empty() ? "" : "\n") + front_table(front, common.width);
      }
      return out;
    });
  });
}

// The same for libtorch, made on this machine: a candidate is stored once, as ONNX.
Result<json> write_torch_script(const std::string& onnx, const std::string& file) {
  auto made = ask_engine(program_beside("pare-train"), {"torchscript", onnx, "-o", file});
  if (made) return made;
  return Error{made.error().code, "--torchscript " + file + ": " + made.error().message +
                                      " (`./dev train` builds pare-train)"};
}

struct DownloadArguments {
  std::string plan, file, torch_script;
};

Exit download(const Common& common, DownloadArguments given) {
  return with_service(common, [&](const Service& service) {
    const auto sha256 = candidate_of(service, given.plan);
    if (!sha256) return report(sha256.error());
    std::string& file = given.file;
    if (file.empty()) file = short_sha(sha256.value()) + ".onnx";
    CandidateFile written;
    if (const Exit done = write_candidate(service, sha256.value(), file, written);
        done != Exit::kOk) {
      return done;
    }
    json done = {{"file", file},
                 {"sha256", written.sha256},
                 {"bytes", written.bytes.count},
                 {"floats", written.floats}};
    if (!given.torch_script.empty()) {
      const auto made = write_torch_script(file, given.torch_script);
      if (!made) return report_usage(made.error());
      done["torchscript"] = given.torch_script;
    }
    return show(common, done, [&](const json&) {
      std::string text = file + ": " + byte_size(static_cast<double>(written.bytes.count)) +
                         ", SHA-256 " + written.sha256 + " verified\n";
      if (!given.torch_script.empty()) {
        text += given.torch_script + ": the same as TorchScript, for this input size\n";
      }
      return text + floats_note(written);
    });
  });
}

// The plan alone, in its canonical form: what `pare apply` takes.
Exit plan(const Common& common, const std::string& name, const std::string& file) {
  return with_service(common, [&](const Service& service) {
    const auto found = service.get("/v1/plans/" + escaped(name));
    if (!found) return report(found.error());
    const std::string text = found.value()["plan"].dump();
    if (file.empty()) {
      print(text + "\n");
      return Exit::kOk;
    }
    if (const auto written = write_whole(file, text); !written) {
      return report_usage(written.error());
    }
    const json done = {{"file", file}, {"sha256", found.value().value("sha256", "")}};
    return show(common, done, [&](const json& written) {
      return file + ": plan " + written.value("sha256", "") + "\n";
    });
  });
}

struct CompareArguments {
  std::string job;
  std::string target;
  std::string a;
  std::string b;
  std::optional<double> alpha;
  std::optional<double> latency_margin;
  std::optional<double> map_margin;
  std::optional<int> max_blocks;
};

// "original" stands for the plan that changes nothing, as measured on the target.
Result<std::string> plan_of(const Service& service, const CompareArguments& given,
                            const std::string& name) {
  if (name != "original") return name;
  const auto front = service.get("/v1/jobs/" + given.job + "/fronts/" + escaped(given.target));
  if (!front) return front.error();
  if (!front.value().contains("original")) {
    return Error{ErrorCode::kNotFound, "the original is not measured yet on " + given.target};
  }
  return front.value()["original"].value("plan_sha256", "");
}

Exit await_verdict(const Common& common, const Service& service, const std::string& id) {
  const auto comparison = ended_comparison(service, id);
  if (!comparison) return report(comparison.error());
  const Exit shown = show(common, comparison, verdict_text);
  return is_decided(comparison.value()) ? shown : Exit::kFailed;
}

Exit compare(const Common& common, const CompareArguments& given) {
  return with_service(common, [&](const Service& service) {
    const auto a = plan_of(service, given, given.a);
    if (!a) return report(a.error());
    const auto b = plan_of(service, given, given.b);
    if (!b) return report(b.error());
    json document = {{"job", std::stoll(given.job)},
                     {"target", given.target},
                     {"a", a.value()},
                     {"b", b.value()}};
    if (given.alpha) document["alpha"] = *given.alpha;
    if (given.latency_margin) document["latency_margin"] = *given.latency_margin;
    if (given.map_margin) document["map_margin"] = *given.map_margin;
    if (given.max_blocks) document["max_blocks"] = *given.max_blocks;
    const auto asked = service.create("/v1/comparisons", document);
    if (!asked) return report(asked.error());
    return await_verdict(common, service, asked.value()["id"].dump());
  });
}

void add_pareto(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<ParetoArguments>();  // owned by the callback
  CLI::App* command = app.add_subcommand("pareto", "The front of each target of a job");
  command->add_option("job", given->job, "Number of the job")->required()->check(number_of_a_job);
  command->add_option("--target", given->target, "Only this target");
  command->add_flag("--worst", given->worst,
                    "One front, of what a plan reaches on the target where it does worst");
  command->add_option("--max-latency", given->max_latency, "At most so many milliseconds");
  command->add_option("--min-map", given->min_map, "At least this mAP, in 0..1");
  command->add_flag("--all", given->all,
                    "Also those that keep less than half of the accuracy or gain nothing");
  command->add_option("--max-bytes", given->max_bytes, "At most so many bytes");
  command->callback([given, &chosen] {
    chosen = [given](const Common& common) { return pareto(common, *given); };
  });
}

json bare_plan(json read) {
  return read.is_object() && read.contains("plan") ? read["plan"] : read;
}

Exit predict(const Common& common, const std::string& job, const std::vector<std::string>& plans) {
  return with_service(common, [&](const Service& service) {
    json question = {{"plans", json::array()}};
    for (const std::string& name : plans) {
      const bool file = is_file(name);
      auto plan = file ? read_json_file(name) : service.get("/v1/plans/" + escaped(name));
      if (!plan) return file ? report_usage(plan.error()) : report(plan.error());
      question["plans"].push_back(bare_plan(std::move(plan).value()));
    }
    return show(common, service.post("/v1/jobs/" + job + "/predict", question),
                [&](const json& answer) { return predictions_table(answer, common.width); });
  });
}

void add_predict(CLI::App& app, Action& chosen) {
  auto job = std::make_shared<std::string>();  // both owned by the callback
  auto plans = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      app.add_subcommand("predict", "What a job's trials say of plans that it has not tried");
  command->add_option("job", *job, "Number of the job")->required()->check(number_of_a_job);
  command->add_option("plan", *plans, "Files or SHA-256 of plans")->required();
  command->callback([job, plans, &chosen] {
    chosen = [job, plans](const Common& common) { return predict(common, *job, *plans); };
  });
}

void add_download(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<DownloadArguments>();
  CLI::App* command = app.add_subcommand("download", "The ONNX of a plan or candidate, verified");
  command->add_option("plan", given->plan, "SHA-256 of a plan or candidate (8 digits or more)")
      ->required();
  command->add_option("-o,--output", given->file, "Where to write it");
  command->add_option("--torchscript", given->torch_script,
                      "Write it for libtorch, too (needs pare-train)");
  command->callback([given, &chosen] {
    chosen = [given](const Common& common) { return download(common, *given); };
  });
}

void add_plan(CLI::App& app, Action& chosen) {
  auto name = std::make_shared<std::string>();  // both owned by the callback
  auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("plan", "A plan as JSON, for `pare apply`");
  command->add_option("plan", *name, "The plan")->required();
  command->add_option("-o,--output", *file, "Where it goes; else it is printed");
  command->callback([name, file, &chosen] {
    chosen = [name, file](const Common& common) { return plan(common, *name, *file); };
  });
}

void add_compare(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<CompareArguments>();
  CLI::App* command = app.add_subcommand("compare", "Compare two plans on the real device (A/B)");
  command->add_option("job", given->job, "Number of the job")->required()->check(number_of_a_job);
  command->add_option("a", given->a, "A plan, or `original`")->required();
  command->add_option("b", given->b, "A plan, or `original`")->required();
  command->add_option("--target", given->target, "Where to measure")->required();
  command->add_option("--alpha", given->alpha, "Probability of a wrong verdict");
  command->add_option("--latency-margin", given->latency_margin, "What counts as equal, a share");
  command->add_option("--map-margin", given->map_margin, "What counts as no loss, in 0..1");
  command->add_option("--max-blocks", given->max_blocks, "When to give up");
  command->callback([given, &chosen] {
    chosen = [given](const Common& common) { return compare(common, *given); };
  });
}

}  // namespace

void add_result_commands(CLI::App& app, Action& chosen) {
  add_pareto(app, chosen);
  add_predict(app, chosen);
  add_download(app, chosen);
  add_plan(app, chosen);
  add_compare(app, chosen);
}

}  // namespace pare::cli
