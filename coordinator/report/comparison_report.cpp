#include "coordinator/report/document_text.h"
#include "coordinator/report/job_report.h"
#include "core/number_text.h"
#include "core/version.h"
#include "wire/result_words.h"

namespace pare::coordinator {

using nlohmann::json;
using Kind = ReportColumn::Kind;

namespace {

std::string verdict_line(const json& comparison) {
  const json& result = part_of(comparison, "result");
  if (!result.is_null()) {
    return text_in(result, "sentence") + " Verdict: " + text_in(result, "verdict") + ".";
  }
  std::string out = "The comparison is " + text_in(comparison, "state");
  if (!text_in(comparison, "reason").empty()) out += ": " + text_in(comparison, "reason");
  return out + ".";
}

// An end of an interval that may be open: null says so.
std::string bound(const json& interval, const char* name) {
  return has_part(interval, name) ? fixed_text(number_in(interval, name), 3) : "open";
}

ReportTable verdicts(const json& result) {
  const json& latency = part_of(result, "latency");
  const json& accuracy = part_of(result, "accuracy");
  ReportTable table;
  table.columns = {{"what", Kind::kText},
                   {"B against A", Kind::kNumber},
                   {"interval", Kind::kNumber},
                   {"from", Kind::kText},
                   {"verdict", Kind::kText}};
  table.rows.push_back({"latency of A over that of B", fixed_text(number_in(latency, "ratio"), 3),
                        "[" + bound(latency, "low") + ", " + bound(latency, "high") + "]",
                        part_of(latency, "blocks").dump() + " blocks",
                        text_in(latency, "verdict")});
  table.rows.push_back({wire::accuracy_name(accuracy) + " points of B above A",
                        fixed_text(100 * number_in(accuracy, "delta"), 2),
                        "[" + fixed_text(100 * number_in(accuracy, "low"), 2) + ", " +
                            fixed_text(100 * number_in(accuracy, "high"), 2) + "]",
                        part_of(accuracy, "images").dump() + " images",
                        text_in(accuracy, "verdict")});
  return table;
}

std::vector<std::string> plan_row(const char* name, const std::string& plan,
                                  const std::optional<json>& known) {
  if (!known) return {name, short_sha(plan), "", "", "", ""};
  const json& member = *known;
  return {name,
          short_sha(plan),
          map_text(member) + " (" + part_of(member, "images").dump() + ")",
          latency_text(member),
          byte_size(number_in(member, "bytes")),
          text_in(member, "description")};
}

ReportTable plans_table(const json& comparison, const json& job, const ComparedPlans& plans) {
  ReportTable table;
  table.columns = {{"", Kind::kText},
                   {"plan", Kind::kCode},
                   {wire::accuracy_name(job) + " in the job (images)", Kind::kNumber},
                   {"latency ms in the job", Kind::kNumber},
                   {"size", Kind::kNumber},
                   {"what", Kind::kText}};
  table.rows.push_back(plan_row("A", text_in(comparison, "a"), plans.a));
  table.rows.push_back(plan_row("B", text_in(comparison, "b"), plans.b));
  return table;
}

// What was fixed before the first block was measured.
ReportList terms(const json& comparison) {
  ReportList list;
  for (const char* name : {"alpha", "latency_margin", "map_margin", "max_blocks"}) {
    if (has_part(comparison, name)) {
      list.items.push_back(std::string(name) + ": " + part_of(comparison, name).dump());
    }
  }
  return list;
}

}  // namespace

ReportDocument comparison_report(const json& comparison, const json& job,
                                 const ComparedPlans& plans) {
  ReportDocument report;
  report.title = "Comparison " + part_of(comparison, "id").dump() + ": two plans of " +
                 text_in(job, "model") + " on " + text_in(comparison, "target");
  report.lead = verdict_line(comparison);
  if (has_part(comparison, "result")) {
    report.blocks.emplace_back(verdicts(part_of(comparison, "result")));
  }
  report.blocks.emplace_back(ReportHeading{"The two plans"});
  report.blocks.emplace_back(plans_table(comparison, job, plans));
  report.blocks.emplace_back(ReportHeading{"What was agreed before"});
  report.blocks.emplace_back(terms(comparison));
  report.blocks.emplace_back(ReportHeading{"The same again"});
  report.blocks.emplace_back(ReportCode{"pare compare " + part_of(comparison, "job").dump() +
                                        " --target " + text_in(comparison, "target") + " " +
                                        short_sha(text_in(comparison, "a")) + " " +
                                        short_sha(text_in(comparison, "b")) + "\n"});
  report.foot = "Pare " + std::string(kVersion) + ", digest of what is shown " +
                digest_of({comparison, plans.a.value_or(json()), plans.b.value_or(json())}) +
                ". A and B were measured in turns on the device; the interval of the latency is "
                "valid however often it was looked at.";
  return report;
}

}  // namespace pare::coordinator
