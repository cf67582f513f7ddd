#include "cli/table.h"

#include <algorithm>
#include <cstdint>

#include "core/check.h"

namespace pare::cli {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
};

// The code point at the start of the text; a byte that starts none stands for itself.
CodePoint first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = lead < 0x80        ? 1
                            : lead >> 5U == 6  ? 2
                            : lead >> 4U == 14 ? 3
                            : lead >> 3U == 30 ? 4
                                               : 1;
  if (bytes == 1 || bytes > text.size()) return {lead, 1};
  std::uint32_t value = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    value = (value << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  return {value, bytes};
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// Unicode 15, EastAsianWidth.txt (W, F) and the combining marks that occur in Latin text.
constexpr Range kWide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},  {0x3041, 0xA4CF},
                           {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},  {0xFE30, 0xFE6F},
                           {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F},
                           {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
constexpr Range kNone[] = {{0x0300, 0x036F}, {0x200B, 0x200F}, {0xFE00, 0xFE0F}};

bool within(std::uint32_t value, const auto& ranges) {
  return std::ranges::any_of(ranges,
                             [&](const Range& r) { return value >= r.first && value <= r.last; });
}

int width_of(CodePoint point) {
  if (within(point.value, kNone)) return 0;
  return within(point.value, kWide) ? 2 : 1;
}

void append_cell(std::string& line, const std::string& cell, int width, Align align, bool last) {
  const int missing = std::max(0, width - display_width(cell));
  if (align == Align::kRight) line.append(static_cast<std::size_t>(missing), ' ');
  line += cell;
  if (align == Align::kLeft && !last) line.append(static_cast<std::size_t>(missing), ' ');
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const CodePoint point = first_of(text);
    width += width_of(point);
    text.remove_prefix(point.bytes);
  }
  return width;
}

std::string shortened(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  std::string out;
  int used = 0;
  while (!text.empty()) {
    const CodePoint point = first_of(text);
    if (used + width_of(point) > width - 1) break;
    used += width_of(point);
    out += text.substr(0, point.bytes);
    text.remove_prefix(point.bytes);
  }
  return width > 0 ? out + "…" : "";
}

void Table::add(std::vector<std::string> cells) {
  PARE_CHECK(cells.size() == columns_.size(), "a row has one cell a column");
  rows_.push_back(std::move(cells));
}

std::string Table::text(int width) const {
  std::vector<std::string> titles;
  std::vector<int> widths;
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    widths.push_back(display_width(column.title));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  if (width > 0) {
    int before = 0;
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) before += widths[i] + 2;
    widths.back() = std::min(widths.back(), std::max(8, width - before));
  }
  std::string out;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += "  ";
      const bool last = i + 1 == cells.size();
      append_cell(line, shortened(cells[i], widths[i]), widths[i], columns_[i].align, last);
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  };
  add_line(titles);
  for (const auto& row : rows_) add_line(row);
  return out;
}

}  // namespace pare::cli
