// pare report: what came of a job, a comparison or a candidate, to be read or passed on.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/candidate_file.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/report_text.h"

namespace pare::cli {

using nlohmann::json;

namespace {

struct ReportArguments {
  std::string name;
  std::optional<std::int64_t> job;
  std::string format;  // empty: by the file's ending, else as suits what it is of
  std::string file;    // empty: printed
};

// "job:7", "comparison:3", or a number alone, which is a job's: the route of its report without
// ending.  nullopt: a candidate or plan.
std::optional<std::string> route_of(const std::string& name) {
  constexpr std::size_t kShortestSha = 8;
  for (const auto& [kind, route] :
       {std::pair("job:", "/v1/jobs/"), {"comparison:", "/v1/comparisons/"}}) {
    if (name.starts_with(kind)) return route + escaped(name.substr(std::string(kind).size()));
  }
  if (name.size() < kShortestSha && number_of_a_job(name).empty()) return "/v1/jobs/" + name;
  return std::nullopt;
}

std::string format_of(const ReportArguments& given, const std::string& usual) {
  if (!given.format.empty()) return given.format;
  const std::string ending = std::filesystem::path(given.file).extension().string();
  if (ending == ".html") return "html";
  if (ending == ".md") return "markdown";
  return ending == ".json" ? "json" : usual;
}

// To the file, or to the terminal.
Exit deliver(const ReportArguments& given, const std::string& text) {
  if (given.file.empty()) {
    print(text);
    return Exit::kOk;
  }
  const auto written = write_whole(given.file, text);
  return written ? Exit::kOk : report_usage(written.error());
}

// The service writes these: the same for whoever asks.
Exit pass_on(const Service& service, const ReportArguments& given, const std::string& route) {
  const std::string format = format_of(given, "markdown");
  if (format != "html" && format != "markdown") {
    return report_usage({ErrorCode::kInvalidArgument,
                         "the report of a job or comparison is markdown or html, not " + format});
  }
  const auto text = service.get_text(route + (format == "html" ? "/report.html" : "/report.md"));
  return text ? deliver(given, text.value()) : report(text.error());
}

Exit explain(const Common& common, const Service& service, const ReportArguments& given) {
  const std::string format = format_of(given, common.json ? "json" : "table");
  if (format == "html") {
    return report_usage({ErrorCode::kInvalidArgument,
                         "the report of a candidate is a table, markdown or json, not html"});
  }
  const auto sha256 = candidate_of(service, given.name);
  if (!sha256) return report(sha256.error());
  std::string route = "/v1/candidates/" + sha256.value() + "/report";
  if (given.job) route += "?job=" + std::to_string(*given.job);
  const auto found = service.get(route);
  if (!found) return report(found.error());
  const json& view = found.value();
  if (format == "json") {
    return deliver(given, view.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
  }
  return deliver(given,
                 format == "markdown" ? report_markdown(view) : report_text(view, common.width));
}

}  // namespace

void add_report_command(CLI::App& app, Action& chosen) {
  auto given = std::make_shared<ReportArguments>();  // owned by the callback
  CLI::App* command = app.add_subcommand(
      "report",
      "What came of a job or a comparison; or what was cut or lowered in a candidate, and why");
  command
      ->add_option("what", given->name,
                   "Number of a job, comparison:N, or SHA-256 of a candidate or plan")
      ->required();
  command->add_option("--job", given->job, "Of a candidate: in this job; else the newest it is in")
      ->check(CLI::PositiveNumber);
  command->add_option("--format", given->format, "table, markdown, html or json")
      ->check(CLI::IsMember({"table", "markdown", "html", "json"}));
  command->add_option("-o,--output", given->file, "Where it goes; else it is printed");
  command->callback([given, &chosen] {
    chosen = [given](const Common& common) {
      return with_service(common, [&](const Service& service) {
        const auto route = route_of(given->name);
        return route ? pass_on(service, *given, *route) : explain(common, service, *given);
      });
    };
  });
}

}  // namespace pare::cli
