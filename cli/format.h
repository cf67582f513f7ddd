// Numbers and documents of the API as people read them.  Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/number_text.h"

namespace pare::cli {

std::string bar(double share, int columns);  // "████▌     "

// Tables; `width` as in Table::text.
std::string models_table(const nlohmann::json& models, int width);
// One dataset with the boxes of its classes and what is to be said of it.
std::string dataset_text(const nlohmann::json& dataset, int width);
std::string datasets_table(const nlohmann::json& datasets, int width);
std::string targets_table(const nlohmann::json& targets, int width);
std::string workers_table(const nlohmann::json& workers, int width);
std::string jobs_table(const nlohmann::json& jobs, int width);
std::string trials_table(const nlohmann::json& trials, int width);
std::string supernets_table(const nlohmann::json& supernets, int width);
// Where it comes from, and what training brought, a line a share of the MACs.
std::string supernet_text(const nlohmann::json& supernet, int width);
std::string front_table(const nlohmann::json& front, int width);     // one target's front
std::string summary_text(const nlohmann::json& summary, int width);  // what inspect says

// What the reality check of each target found: a line a fact (cli/check_facts.h), or every finding
// and every setting that is not tried.
enum class Findings { kSummedUp, kAll };
std::string checks_text(const nlohmann::json& checks, Findings findings);

// How images are best prepared, as it was tried on labelled ones: a line a finding, alarms marked;
// empty where it was not tried.
std::string preprocessing_text(const nlohmann::json& job);

// One line: where the job stands; and one a target: its best so far.
std::string waits_text(const nlohmann::json& job);
std::string progress_line(const nlohmann::json& job);
// The course of a training (GET /v1/tasks/{id}/series), a character for each look at the images
// held out; empty before the first.
std::string training_line(const nlohmann::json& series);
// What is expected of plans that were not tried, a line a plan and target.
std::string predictions_table(const nlohmann::json& answer, int width);
std::string best_lines(const nlohmann::json& job, int width);
// "2.1 times faster at -0.6 mAP points on x86-ort-1t: plan 0123456789, download with ...".
std::string offer_lines(const nlohmann::json& job);

}  // namespace pare::cli
