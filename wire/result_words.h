// What a job came to, as the API says it, in words: alike on a terminal and in a report.
//
// The documents are those of docs/api.md; a field that is missing reads as nothing.  Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pare::wire {

// What an accuracy of a job, front or outcome is, by what it was scored against: "mAP" alone is
// against the dataset's labels; else "teacher mAP" or "agreement".
std::string accuracy_name(const nlohmann::json& scored);

// "0.6 mAP points lost [-0.3, 1.6]", of a member of a front or of its figures held back.
std::string lost_words(const nlohmann::json& figures, const std::string& accuracy);

// What a front's member gains over the original, and at which price: "2.10 times faster, 0.6 mAP
// points lost [-0.3, 1.6] on 128 images that chose nothing (0.4 on those that chose it)".
std::string gain_words(const nlohmann::json& member, const std::string& accuracy);

}  // namespace pare::wire
