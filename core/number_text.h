// Numbers as people read them, alike on a terminal and in a report.
//
// Pure; any thread.
#pragma once

#include <string>

namespace pare {

std::string fixed_text(double number, int digits);  // with so many behind the point
std::string percent_points(double map);             // 0.3338 -> "33.38"
std::string milliseconds(double ms);                // 71.94 -> "71.9", 6.031 -> "6.03"
std::string byte_size(double bytes);                // 7869123 -> "7.50 MiB"
std::string count_text(double count);               // 4500000000 -> "4.50 G"
std::string duration_text(double seconds);          // 3725 -> "1 h 02 min"
std::string short_sha(const std::string& sha);      // the first 10 digits

}  // namespace pare
