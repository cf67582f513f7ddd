#include "coordinator/report/document.h"

namespace pare::coordinator {
namespace {

// Colours by what they mean; the pictures use them, too (front_chart.h).
constexpr const char* kStyle = R"css(
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #5b6470; --line: #d5dae1;
  --band: #f5f7f9; --mark: #1f6feb; --other: #b35900 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14171b; --soft: #9aa4b2;
  --line: #333a44; --band: #1b2026; --mark: #6aa9ff; --other: #f0a35e } }
@media print { :root { --ink: #000; --paper: #fff; --soft: #444; --line: #999; --band: #fff;
  --mark: #00429d; --other: #93003a } }
body { margin: 2rem auto; max-width: 68rem; padding: 0 1rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
.lead, footer { color: var(--soft) } footer { margin-top: 3rem; border-top: 1px solid var(--line);
  padding-top: .5rem; font-size: .85rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .25rem .7rem; border-bottom: 1px solid var(--line);
  vertical-align: top } tbody tr:nth-child(even) { background: var(--band) }
.n { text-align: right } td.n { white-space: nowrap }
td:last-child:not(.n) { min-width: 16rem } table { font-size: .9rem } code, pre { font: 13px/1.45 ui-monospace, monospace }
pre { background: var(--band); border: 1px solid var(--line); padding: .7rem; overflow-x: auto }
figure { margin: 1rem 0 } svg { width: 100%; max-width: 40rem; height: auto } svg text { fill: var(--ink);
  font: 12px system-ui, sans-serif } figcaption { color: var(--soft) }
)css";

std::string element(const std::string& name, const std::string& text) {
  return "<" + name + ">" + html_escaped(text) + "</" + name + ">\n";
}

std::string html(const ReportHeading& heading) {
  return element("h2", heading.text);
}

std::string html(const ReportParagraph& paragraph) {
  return element("p", paragraph.text);
}

std::string html(const ReportList& list) {
  std::string out = "<ul>\n";
  for (const std::string& item : list.items) out += element("li", item);
  return out + "</ul>\n";
}

std::string cell(const char* name, const ReportColumn& column, const std::string& text,
                 bool is_code) {
  const bool number = column.kind == ReportColumn::Kind::kNumber;
  const std::string inner =
      is_code ? "<code>" + html_escaped(text) + "</code>" : html_escaped(text);
  return std::string("<") + name + (number ? " class=\"n\">" : ">") + inner + "</" + name + ">";
}

std::string html(const ReportTable& table) {
  std::string out = "<div class=\"wide\"><table>\n<thead><tr>";
  for (const ReportColumn& column : table.columns) out += cell("th", column, column.title, false);
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const ReportColumn& column = table.columns[i];
      out += cell("td", column, row[i], column.kind == ReportColumn::Kind::kCode);
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string html(const ReportFigure& figure) {
  return "<figure>" + figure.svg + "<figcaption>" + html_escaped(figure.says) +
         "</figcaption></figure>\n";
}

std::string html(const ReportCode& block) {
  return "<pre>" + html_escaped(block.text) + "</pre>\n";
}

}  // namespace

std::string html_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string to_html(const ReportDocument& report) {
  const std::string title = html_escaped(report.title);
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
      title + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n<h1>" + title +
      "</h1>\n<p class=\"lead\">" + html_escaped(report.lead) + "</p>\n";
  for (const ReportBlock& block : report.blocks) {
    out += std::visit([](const auto& one) { return html(one); }, block);
  }
  return out + "<footer>" + html_escaped(report.foot) + "</footer>\n</body>\n</html>\n";
}

}  // namespace pare::coordinator
