#include <cctype>

#include "coordinator/report/document.h"

namespace pare::coordinator {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// Whether the character at `at` could be read as markup there: text that could not stays as it
// is, to be read by people who see the source.
bool is_markup(const std::string& text, std::size_t at) {
  const char before = at > 0 ? text[at - 1] : ' ';
  const char after = at + 1 < text.size() ? text[at + 1] : ' ';
  switch (text[at]) {
    case '\\':
    case '`':
    case '*':
    case '<':
    case '|': return true;
    case '_': return !is_word(before) || !is_word(after);
    case ']': return after == '(' || after == '[' || after == ':';
    case '~': return before == '~' || after == '~';
    case '&': return is_word(after) || after == '#';
    default: return false;
  }
}

// Within a line; a line end would end the paragraph or the row.
std::string escaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || text[i] == '\r') {
      out += ' ';
      continue;
    }
    if (is_markup(text, i)) out += '\\';
    out += text[i];
  }
  return out;
}

// At the beginning of one, where some characters make a list, a quotation or a heading.
std::string escaped_line(const std::string& text) {
  const bool opens = !text.empty() && std::string_view("#>+-=").find(text[0]) != std::string::npos;
  return (opens ? "\\" : "") + escaped(text);
}

// What could end a code span or its cell stands there as text.
std::string cell(const ReportColumn& column, const std::string& text) {
  const bool is_code = column.kind == ReportColumn::Kind::kCode && !text.empty() &&
                       text.find_first_of("`|\\\r\n") == std::string::npos;
  return is_code ? "`" + text + "`" : escaped(text);
}

std::string markdown(const ReportHeading& heading) {
  return "## " + escaped(heading.text) + "\n";
}

std::string markdown(const ReportParagraph& paragraph) {
  return escaped_line(paragraph.text) + "\n";
}

std::string markdown(const ReportList& list) {
  std::string out;
  for (const std::string& item : list.items) out += "- " + escaped_line(item) + "\n";
  return out;
}

std::string markdown(const ReportTable& table) {
  std::string head = "|";
  std::string rule = "|";
  for (const ReportColumn& column : table.columns) {
    head += " " + escaped(column.title) + " |";
    rule += column.kind == ReportColumn::Kind::kNumber ? " ---: |" : " --- |";
  }
  std::string out = head + "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    out += "|";
    for (std::size_t i = 0; i < row.size(); ++i) out += " " + cell(table.columns[i], row[i]) + " |";
    out += "\n";
  }
  return out;
}

std::string markdown(const ReportFigure& figure) {
  return escaped_line(figure.says) + "\n";
}

// Indented: nothing in it can end it.
std::string markdown(const ReportCode& block) {
  std::string out = "    ";
  for (const char c : block.text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out + "\n";
}

}  // namespace

std::string to_markdown(const ReportDocument& report) {
  std::string out = "# " + escaped(report.title) + "\n\n" + escaped_line(report.lead) + "\n";
  for (const ReportBlock& block : report.blocks) {
    out += "\n" + std::visit([](const auto& one) { return markdown(one); }, block);
  }
  return out + "\n---\n\n" + escaped_line(report.foot) + "\n";
}

}  // namespace pare::coordinator
