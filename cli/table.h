// Tables for a terminal: columns aligned by what is seen, not by bytes, and cut to its width.
//
// Pure: a table is text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pare::cli {

// Columns that a terminal needs for UTF-8 text; wide characters take two, combining ones none.
int display_width(std::string_view text);

// At most `width` columns of the text, the last one "…" if something was left out.
std::string shortened(std::string_view text, int width);

enum class Align { kLeft, kRight };

class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // REQUIRES: as many cells as columns.
  void add(std::vector<std::string> cells);

  // The title line, then the rows, each ended by a newline.  `width` 0: as wide as it is; else the
  // last column is shortened to fit.
  std::string text(int width) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace pare::cli
