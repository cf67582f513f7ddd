// What the reports read out of the API's documents, as text.
//
// A field that is missing or of another type reads as nothing.  Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace pare::coordinator {

double number_in(const nlohmann::json& object, const char* name, double otherwise = 0);
std::string text_in(const nlohmann::json& object, const char* name);
const nlohmann::json& part_of(const nlohmann::json& object, const char* name);  // null: none
bool has_part(const nlohmann::json& object, const char* name);

std::string words_of(const nlohmann::json& list, const char* between = ", ");

// "44.59 [41.6, 46.2]": an accuracy in points with its interval.
std::string map_text(const nlohmann::json& figures);
// "1.76 [1.75, 1.78]"
std::string latency_text(const nlohmann::json& member);
// "-0.1 [-0.8, 0.6]": what is lost, in points.
std::string lost_text(const nlohmann::json& figures);

// The first digits of the SHA-256 of the documents: reports with the same one say the same.
std::string digest_of(const nlohmann::json& documents);

}  // namespace pare::coordinator
