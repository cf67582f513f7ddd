#include "coordinator/report/job_report.h"

#include <algorithm>

#include "coordinator/report/document_text.h"
#include "coordinator/report/front_chart.h"
#include "core/number_text.h"
#include "core/version.h"
#include "wire/result_words.h"

namespace pare::coordinator {

using nlohmann::json;
using Kind = ReportColumn::Kind;

namespace {

constexpr std::size_t kMostFindings = 8;  // of a check

std::string number_of(const json& job) {
  return part_of(job, "id").dump();
}

const json& named(const std::vector<json>& list, const char* field, const std::string& name) {
  static const json kNothing;
  const auto found =
      std::ranges::find_if(list, [&](const json& one) { return text_in(one, field) == name; });
  return found != list.end() ? *found : kNothing;
}

std::string title_of(const json& job) {
  return "Job " + number_of(job) + ": " + text_in(job, "model") + " on " + text_in(job, "dataset");
}

std::string lead_of(const json& job) {
  const json& trials = part_of(job, "trials");
  std::string out = text_in(job, "state");
  out.append(", ").append(part_of(trials, "asked").dump()).append(" trials");
  if (number_in(trials, "failed") > 0) {
    out.append(", of which ").append(part_of(trials, "failed").dump()).append(" failed");
  }
  out.append("; posted ").append(text_in(job, "created_at"));
  if (has_part(job, "finished_at")) out.append(", ended ").append(text_in(job, "finished_at"));
  if (!text_in(job, "reason").empty()) out.append(". ").append(text_in(job, "reason"));
  return out;
}

// The fastest within a point, in a sentence a target.
ReportList answers(const json& job) {
  ReportList list;
  const std::string accuracy = wire::accuracy_name(job);
  for (const json& best : part_of(job, "best")) {
    const json& fastest = part_of(best, "fastest");
    std::string line = text_in(best, "target") + ": ";
    if (number_in(fastest, "speedup") > 1) {
      line += wire::gain_words(fastest, accuracy);
      line.append(": plan ").append(short_sha(text_in(fastest, "plan_sha256"))).append(" (");
      line.append(text_in(fastest, "description")).append(")");
    } else if (!has_part(best, "original")) {
      line += "nothing is measured yet";
    } else {
      line += "nothing faster than the original within 1.0 " + accuracy + " point";
    }
    if (has_part(best, "note")) line.append("; ").append(text_in(best, "note"));
    list.items.push_back(std::move(line));
  }
  return list;
}

ChartPoint point_of(const json& member, bool original) {
  ChartPoint point;
  point.ms = number_in(member, "latency_ms");
  point.ms_low = number_in(member, "latency_low_ms");
  point.ms_high = number_in(member, "latency_high_ms");
  point.map = number_in(member, "map_50_95");
  point.map_low = number_in(member, "map_low");
  point.map_high = number_in(member, "map_high");
  point.original = original;
  point.name = short_sha(text_in(member, "plan_sha256")) + ": " + map_text(member) + ", " +
               latency_text(member) + " ms";
  return point;
}

std::vector<ChartPoint> points_of(const json& front) {
  std::vector<ChartPoint> points;
  const json& original = part_of(front, "original");
  for (const json& member : part_of(front, "members")) {
    if (number_in(member, "latency_ms") <= 0) continue;
    if (text_in(member, "plan_sha256") == text_in(original, "plan_sha256")) continue;
    points.push_back(point_of(member, false));
  }
  if (number_in(original, "latency_ms") > 0) points.push_back(point_of(original, true));
  return points;
}

std::vector<std::string> front_row(const json& member) {
  const json& held_back = part_of(member, "held_back");
  return {short_sha(text_in(member, "plan_sha256")),
          map_text(member) + " (" + part_of(member, "images").dump() + ")",
          lost_text(member),
          lost_text(held_back) +
              (held_back.is_null() ? "" : " (" + part_of(held_back, "images").dump() + ")"),
          latency_text(member),
          fixed_text(number_in(member, "speedup"), 2) + "x",
          fixed_text(100 * number_in(member, "on_front"), 0) + " %",
          byte_size(number_in(member, "bytes")),
          text_in(member, "description")};
}

// Without the column of what was held back where nothing was.
ReportTable front_table(const json& front) {
  ReportTable table;
  table.columns = {
      {"plan", Kind::kCode},         {wire::accuracy_name(front) + " (images)", Kind::kNumber},
      {"lost", Kind::kNumber},       {"lost on images that chose nothing", Kind::kNumber},
      {"latency ms", Kind::kNumber}, {"speedup", Kind::kNumber},
      {"sure", Kind::kNumber},       {"size", Kind::kNumber},
      {"what", Kind::kText}};
  const json& original = part_of(front, "original");
  bool shown = original.is_null();
  for (const json& member : part_of(front, "members")) {
    shown |= text_in(member, "plan_sha256") == text_in(original, "plan_sha256");
    table.rows.push_back(front_row(member));
  }
  if (!shown) table.rows.push_back(front_row(original));
  constexpr std::size_t kHeldBack = 3;
  const bool none = std::ranges::all_of(
      table.rows, [](const std::vector<std::string>& row) { return row[kHeldBack].empty(); });
  if (!none) return table;
  table.columns.erase(table.columns.begin() + kHeldBack);
  for (auto& row : table.rows) row.erase(row.begin() + kHeldBack);
  return table;
}

// What a latency or an accuracy is to be taken with care for.
ReportList doubts_of(const json& front) {
  ReportList list;
  for (const json& member : part_of(front, "members")) {
    for (const char* doubt : {"latency_suspect", "accuracy_alarm"}) {
      if (!has_part(member, doubt)) continue;
      list.items.push_back(short_sha(text_in(member, "plan_sha256")) + ": " +
                           text_in(member, doubt));
    }
  }
  return list;
}

void add_front(ReportDocument& report, const json& front, const json& target) {
  const std::string name = text_in(front, "target");
  report.blocks.emplace_back(ReportHeading{"The front on " + name});
  std::string runs = name + " is " + text_in(target, "runtime") + " with ";
  runs += part_of(target, "threads").dump();
  runs += number_in(target, "threads") == 1 ? " thread" : " threads";
  runs.append(" on the pool ").append(text_in(target, "pool")).append("; hypervolume ");
  runs += fixed_text(number_in(front, "hypervolume"), 4);
  report.blocks.emplace_back(ReportParagraph{runs});
  if (const auto points = points_of(front); !points.empty()) {
    report.blocks.emplace_back(
        ReportFigure{front_chart(points, wire::accuracy_name(front)),
                     "Each plan of the front with the 95 % intervals of its accuracy and latency; "
                     "the original in the other colour."});
  }
  report.blocks.emplace_back(front_table(front));
  if (ReportList doubts = doubts_of(front); !doubts.items.empty()) {
    report.blocks.emplace_back(std::move(doubts));
  }
  if (number_in(front, "hidden") > 0) {
    report.blocks.emplace_back(
        ReportParagraph{part_of(front, "hidden").dump() +
                        " more are on it, but keep less than half of the accuracy, or are slower "
                        "or larger than the original."});
  }
}

std::string images_of(const json& dataset) {
  std::string out = part_of(dataset, "validation_images").dump() + " images to score on";
  const json& labelled = part_of(dataset, "labelled");
  const bool has_labels = labelled.is_boolean() && labelled.get<bool>();
  if (has_labels) {
    out += " with " + part_of(dataset, "boxes").dump() + " labelled boxes of " +
           std::to_string(part_of(dataset, "classes").size()) + " classes";
  } else {
    out += " without labels";
  }
  return out + ", " + part_of(dataset, "calibration_images").dump() + " to calibrate on";
}

std::string model_line(const json& model) {
  const json& summary = part_of(model, "summary");
  std::string out = text_in(model, "name") + ", SHA-256 " + text_in(model, "sha256");
  const std::string head = text_in(part_of(summary, "card"), "head");
  if (!head.empty()) out += ", head " + head;
  return out;
}

void add_question(ReportDocument& report, const json& job, const JobReportSources& sources) {
  const json model = sources.model.value_or(json());
  const json dataset = sources.dataset.value_or(json());
  report.blocks.emplace_back(ReportHeading{"What was asked"});
  ReportList list;
  list.items = {"Model: " + model_line(model),
                "Images: " + text_in(dataset, "name") + ", SHA-256 " + text_in(dataset, "sha256") +
                    ", " + images_of(dataset),
                "Accuracies are " + wire::accuracy_name(job)};
  for (const json& warning : part_of(job, "warnings")) {
    list.items.push_back("Warning: " + (warning.is_string() ? warning.get<std::string>() : ""));
  }
  const json& preprocessing = part_of(job, "preprocessing");
  for (const json& finding : part_of(preprocessing, "findings")) {
    if (finding.is_string()) list.items.push_back(finding.get<std::string>());
  }
  report.blocks.emplace_back(std::move(list));
}

void add_checks(ReportDocument& report, const JobReportSources& sources) {
  if (sources.checks.empty()) return;
  report.blocks.emplace_back(ReportHeading{"What the checks of the targets found"});
  ReportList list;
  for (const json& check : sources.checks) {
    const json& result = part_of(check, "result");
    std::string line = text_in(check, "target") + ": ";
    if (has_part(check, "reason")) line += "the check failed: " + text_in(check, "reason");
    if (has_part(result, "cpu_model")) {
      line.append(text_in(result, "cpu_model")).append(", version ");
      line.append(text_in(result, "runtime_version"));
    }
    list.items.push_back(std::move(line));
    const json& findings = part_of(result, "findings");
    for (std::size_t i = 0; i < std::min(kMostFindings, findings.size()); ++i) {
      if (!findings[i].is_string()) continue;
      list.items.push_back(text_in(check, "target") + ": " + findings[i].get<std::string>());
    }
    if (findings.size() > kMostFindings) {
      list.items.push_back(text_in(check, "target") + ": " +
                           std::to_string(findings.size() - kMostFindings) + " findings more");
    }
  }
  report.blocks.emplace_back(std::move(list));
}

void add_failures(ReportDocument& report, const json& job, const JobReportSources& sources) {
  if (sources.failures.empty()) return;
  report.blocks.emplace_back(ReportHeading{"What did not come to a result"});
  ReportTable table;
  table.columns = {{"trials", Kind::kNumber}, {"reason", Kind::kText}};
  for (const json& failure : sources.failures) {
    table.rows.push_back({part_of(failure, "trials").dump(), text_in(failure, "reason")});
  }
  report.blocks.emplace_back(std::move(table));
  if (number_in(part_of(job, "trials"), "asked") <= sources.looked_at) return;
  report.blocks.emplace_back(
      ReportParagraph{"Of the newest " + std::to_string(sources.looked_at) + " trials."});
}

// The document as it can be posted again: without what the service added when it was read.
json posted(const json& job) {
  json document = json::object();
  for (const char* name : {"model", "dataset", "targets", "objectives", "constraints", "across",
                           "weights", "begin_with", "transfer", "space", "validation", "recovery",
                           "strategy", "seed", "budget"}) {
    if (job.contains(name)) document[name] = job[name];
  }
  if (document.contains("transfer") && document["transfer"].is_object()) {
    document["transfer"].erase("known_plans");
    document["transfer"].erase("targets");
    document["transfer"].erase("reason");
  }
  return document;
}

void add_commands(ReportDocument& report, const json& job) {
  report.blocks.emplace_back(ReportHeading{"To go on from here"});
  std::string commands = "pare pareto " + number_of(job) + "\n";
  for (const json& best : part_of(job, "best")) {
    const json& fastest = part_of(best, "fastest");
    if (number_in(fastest, "speedup") <= 1) continue;
    const std::string plan = short_sha(text_in(fastest, "plan_sha256"));
    const std::string target = text_in(best, "target");
    commands.append("pare download ").append(plan).append(" -o ").append(target);
    commands.append(".onnx\npare report ").append(plan).append(" --job ").append(number_of(job));
    commands.append("\npare compare ").append(number_of(job)).append(" --target ");
    commands.append(target).append(" original ").append(plan).append("\n");
  }
  report.blocks.emplace_back(ReportCode{commands});
  report.blocks.emplace_back(ReportParagraph{"The same search again: `pare submit` with this:"});
  report.blocks.emplace_back(ReportCode{posted(job).dump(2)});
}

}  // namespace

ReportDocument job_report(const json& job, const JobReportSources& sources) {
  ReportDocument report;
  report.title = title_of(job);
  report.lead = lead_of(job);
  if (ReportList list = answers(job); !list.items.empty()) {
    report.blocks.emplace_back(std::move(list));
  }
  for (const json& front : sources.fronts) {
    add_front(report, front, named(sources.targets, "name", text_in(front, "target")));
  }
  add_question(report, job, sources);
  add_checks(report, sources);
  add_failures(report, job, sources);
  add_commands(report, job);
  report.foot = "Pare " + std::string(kVersion) + ", revision " + part_of(job, "revision").dump() +
                " of the job, digest of what is shown " + digest_of({job, json(sources.fronts)}) +
                ". Intervals are 95 %; lost and speedup are against the original on the same "
                "target in the same job.";
  return report;
}

}  // namespace pare::coordinator
