// A report before it is written out: what stands in it, in order, and nothing of how it looks.
//
// One document becomes Markdown (for a merge request) and HTML (a file that opens anywhere): both
// say the same.  Texts are plain; what a stranger named comes out as text, never as markup.
// Values; pure functions; any thread.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace pare::coordinator {

struct ReportHeading {
  std::string text;
};

struct ReportParagraph {
  std::string text;
};

struct ReportList {
  std::vector<std::string> items;
};

struct ReportColumn {
  std::string title;
  enum class Kind { kText, kNumber, kCode } kind = Kind::kText;
};

struct ReportTable {
  std::vector<ReportColumn> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells as columns
};

// A picture that the page draws itself; where none can be drawn stands what it says.
struct ReportFigure {
  std::string svg;
  std::string says;
};

// Commands or a document, as they are.
struct ReportCode {
  std::string text;
};

using ReportBlock =
    std::variant<ReportHeading, ReportParagraph, ReportList, ReportTable, ReportFigure, ReportCode>;

struct ReportDocument {
  std::string title;
  std::string lead;  // the line below it
  std::vector<ReportBlock> blocks;
  std::string foot;
};

// CommonMark with tables (GitHub's).
std::string to_markdown(const ReportDocument& report);

// One file: no script, nothing from elsewhere, its own style for light, dark and paper.
std::string to_html(const ReportDocument& report);

// Text for an element or an attribute of HTML or SVG.
std::string html_escaped(const std::string& text);

}  // namespace pare::coordinator
