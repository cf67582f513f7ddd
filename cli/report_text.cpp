#include "cli/report_text.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "cli/format.h"
#include "cli/table.h"

namespace pare::cli {
namespace {

using nlohmann::json;

constexpr const char* kNotKnown = "-";

struct ReportPart {
  std::string title;
  std::vector<Table::Column> columns;
  std::vector<std::vector<std::string>> rows;
};

json entries(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : json::array();
}

std::optional<double> figure_at(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::string word(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string damage_text(std::optional<double> damage) {
  return damage ? fmt::format("{:.2g}", *damage) : kNotKnown;
}

std::string share_text(std::optional<double> share) {
  return share ? fmt::format("{:.1f} %", 100 * *share) : kNotKnown;
}

std::string time_text(std::optional<double> ms) {
  return ms ? milliseconds(*ms) : kNotKnown;
}

// "[low, high]" of an interval in the object, or nothing.
std::string around(const json& object, const char* low, const char* high) {
  const auto from = figure_at(object, low);
  const auto to = figure_at(object, high);
  return from && to ? fmt::format(" [{:.1f}, {:.1f}]", *from, *to) : "";
}

// "1.20 G of 2.30 G (52.2 %)".
std::string of_original(const json& totals, const char* name, std::string (*text)(double)) {
  const auto own = figure_at(totals, name);
  if (!own) return kNotKnown;
  const auto was = figure_at(totals.value("original", json::object()), name);
  if (!was || *was <= 0) return text(*own);
  return text(*own) + " of " + text(*was) + " (" + share_text(*own / *was) + ")";
}

ReportPart targets_part(const json& report) {
  ReportPart part{"On each target",
                  {{"target"},
                   {"mAP", Align::kRight},
                   {"points lost [95 %]", Align::kRight},
                   {"ms", Align::kRight},
                   {"times faster", Align::kRight},
                   {"remark"}},
                  {}};
  for (const json& on : entries(report, "targets")) {
    const auto map = figure_at(on, "map_50_95");
    std::string remark = word(on, "infeasible");
    if (!map && remark.empty()) remark = "not measured";
    if (const std::string alarm = word(on, "accuracy_alarm"); !alarm.empty()) remark += alarm;
    const auto speedup = figure_at(on, "speedup");
    const bool compared = speedup.value_or(0) > 0;
    part.rows.push_back({word(on, "target"), map ? percent_points(*map) : kNotKnown,
                         compared ? fmt::format("{:.2f}", figure_at(on, "map_lost").value_or(0)) +
                                        around(on, "map_lost_low", "map_lost_high")
                                  : kNotKnown,
                         time_text(figure_at(on, "latency_ms")),
                         compared ? fmt::format("{:.2f}", *speedup) : kNotKnown, remark});
  }
  return part;
}

ReportPart cuts_part(const json& report) {
  ReportPart part{"What was cut or lowered",
                  {{"kind"},
                   {"where"},
                   {"from", Align::kRight},
                   {"to", Align::kRight},
                   {"expected damage", Align::kRight},
                   {"MACs saved", Align::kRight},
                   {"why and how"}},
                  {}};
  for (const json& cut : entries(report, "cuts")) {
    const auto saved = figure_at(cut, "macs_saved");
    const std::string what = word(cut, "what");
    part.rows.push_back({word(cut, "kind"), what.empty() ? "everywhere" : what, word(cut, "from"),
                         word(cut, "to"), damage_text(figure_at(cut, "expected_damage")),
                         saved ? count_text(*saved) : kNotKnown, word(cut, "why")});
  }
  return part;
}

// "64 > 48" where it was 64.
std::string channels_text(const json& layer, const char* name) {
  const double own = figure_at(layer, name).value_or(0);
  const double was = figure_at(layer.value("original", json::object()), name).value_or(own);
  return own == was ? fmt::format("{:.0f}", own) : fmt::format("{:.0f} > {:.0f}", was, own);
}

std::vector<std::string> layer_row(const json& layer, const std::vector<std::string>& targets) {
  std::vector<std::string> row = {word(layer, "layer")};
  if (layer.value("gone", false)) {
    row.insert(row.end(), {"left out", "", "", "", "", "", "", ""});
  } else {
    row.insert(row.end(),
               {channels_text(layer, "inputs"), channels_text(layer, "outputs"),
                word(layer, "precision"), count_text(figure_at(layer, "macs").value_or(0)),
                share_text(figure_at(layer, "macs_share")),
                byte_size(figure_at(layer, "bytes").value_or(0)),
                share_text(figure_at(layer, "bytes_share")),
                damage_text(figure_at(layer, "int8_damage"))});
  }
  const json times = layer.value("times", json::object());
  for (const std::string& target : targets) {
    const json on = times.value(target, json::object());
    const auto ms = figure_at(on, "ms");
    row.push_back(time_text(ms) + (ms ? " (" + share_text(figure_at(on, "share")) + ")" : ""));
  }
  return row;
}

ReportPart layers_part(const json& report) {
  ReportPart part{"Layers",
                  {{"layer"},
                   {"in", Align::kRight},
                   {"out", Align::kRight},
                   {"numbers"},
                   {"MACs", Align::kRight},
                   {"share", Align::kRight},
                   {"bytes", Align::kRight},
                   {"share", Align::kRight},
                   {"int8 damage", Align::kRight}},
                  {}};
  std::vector<std::string> targets;
  for (const json& on : entries(report, "targets")) {
    targets.push_back(word(on, "target"));
    part.columns.push_back({"ms on " + targets.back(), Align::kRight});
  }
  for (const json& layer : entries(report, "layers")) {
    part.rows.push_back(layer_row(layer, targets));
  }
  return part;
}

std::vector<ReportPart> report_parts(const json& report) {
  return {targets_part(report), cuts_part(report), layers_part(report)};
}

std::vector<std::string> head_of(const json& report) {
  const json totals = report.value("totals", json::object());
  return {"candidate " + short_sha(word(report, "sha256")) + ", plan " +
              short_sha(word(report, "plan_sha256")) +
              fmt::format(" (job {:.0f}, trial {:.0f}, {})", figure_at(report, "job").value_or(0),
                          figure_at(report, "trial").value_or(0), word(report, "origin")),
          word(report, "description"),
          "MACs " + of_original(totals, "macs", count_text) + ", parameters " +
              of_original(totals, "parameters", count_text) + ", file " +
              of_original(totals, "bytes", byte_size)};
}

std::string in_markdown(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, "\\");
  }
  return text;
}

std::string markdown_of(const ReportPart& part) {
  std::string out = "\n## " + part.title + "\n\n|";
  for (const Table::Column& column : part.columns) out += " " + column.title + " |";
  out += "\n|";
  for (const Table::Column& column : part.columns) {
    out += column.align == Align::kRight ? " ---: |" : " --- |";
  }
  out += "\n";
  for (const auto& row : part.rows) {
    out += "|";
    for (const std::string& cell : row) out += " " + in_markdown(cell) + " |";
    out += "\n";
  }
  return out;
}

std::string table_of(const ReportPart& part, int width) {
  Table table(part.columns);
  for (const auto& row : part.rows) table.add(row);
  return "\n" + part.title + "\n" + table.text(width);
}

}  // namespace

std::string report_text(const json& report, int width) {
  std::string out;
  for (const std::string& line : head_of(report)) out += line + "\n";
  for (const ReportPart& part : report_parts(report)) {
    if (!part.rows.empty()) out += table_of(part, width);
  }
  const json unknown = entries(report, "unknown");
  if (!unknown.empty()) out += "\nNot known\n";
  for (const json& sentence : unknown) out += "- " + sentence.get<std::string>() + "\n";
  return out;
}

std::string report_markdown(const json& report) {
  const std::vector<std::string> head = head_of(report);
  std::string out = "# " + head.front() + "\n\n" + head[1] + "\n\n" + head[2] + "\n";
  for (const ReportPart& part : report_parts(report)) {
    if (!part.rows.empty()) out += markdown_of(part);
  }
  const json unknown = entries(report, "unknown");
  if (!unknown.empty()) out += "\n## Not known\n\n";
  for (const json& sentence : unknown) out += "- " + sentence.get<std::string>() + "\n";
  return out;
}

}  // namespace pare::cli
