#include "cli/format.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/service.h"
#include "cli/table.h"
#include "core/device_check.h"
#include "wire/check_json.h"

namespace pare::cli {
namespace {

using nlohmann::json;

TEST(Table, columns_are_aligned_by_what_is_seen) {
  Table table({{"name"}, {"n", Align::kRight}, {"what"}});
  table.add({"é", "7", "x"});
  table.add({"検出", "123", "yy"});
  EXPECT_EQ(table.text(0),
            "name    n  what\n"
            "é       7  x\n"
            "検出  123  yy\n");
}

TEST(SupernetText, says_where_it_comes_from_and_what_training_brought) {
  const json supernet = {
      {"sha256", std::string(64, 'a')},
      {"bytes", 2048},
      {"job", 7},
      {"model_sha256", std::string(64, 'b')},
      {"dataset_sha256", std::string(64, 'c')},
      {"statistics_sha256", std::string(64, 'd')},
      {"training",
       {{"steps", 900},
        {"images", 103},
        {"held_out_images", 25},
        {"seconds", 300},
        {"threads", 2},
        {"seed", 1},
        {"judged", {{{"removed", 0.1}, {"closed_form", 2.0}, {"trained", 1.0}}}},
        {"knots", {{{"removed", 0.1}, {"kept", true}}, {{"removed", 0.5}, {"kept", false}}}},
        {"program", "libtorch 1"},
        {"processor", "p"},
        {"parent", {{"sha256", std::string(64, 'e')}, {"step", 450}}}}}};
  const std::string text = supernet_text(supernet, 0);
  for (const char* part : {"job 7", "103 images learned from, 25 held out", "-50 %",
                           "the change at 50 % is no better than none", "of step 450"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  const std::string table = supernets_table(json::array({supernet}), 0);
  EXPECT_NE(table.find("-10 %: -50 %"), std::string::npos) << table;
  EXPECT_NE(text.find("super-network aaaa"), std::string::npos) << text;
  EXPECT_NE(table.find(" all "), std::string::npos) << table;
  json tuned = supernet;
  tuned["plan_sha256"] = std::string(64, 'f');
  const std::string alone = supernet_text(tuned, 0);
  EXPECT_NE(alone.find("the weights of plan ffff"), std::string::npos) << alone;
  EXPECT_NE(supernets_table(json::array({tuned}), 0).find("plan ffffffffff"), std::string::npos);
}

TEST(Progress, says_which_of_the_plans_is_tuned) {
  json job = {{"id", 3},
              {"state", "finishing"},
              {"tuning", {{"ended", 1}, {"members", {{{"trial", 3}}, {{"trial", 4}}}}}}};
  EXPECT_NE(progress_line(job).find("; tuning 2 of 2"), std::string::npos) << progress_line(job);
  job["tuning"]["ended"] = 2;
  EXPECT_EQ(progress_line(job).find("tuning"), std::string::npos) << progress_line(job);
}

TEST(Table, the_last_column_gives_way_to_the_terminal) {
  Table table({{"a"}, {"b"}});
  table.add({"12345", "a long description of it"});
  EXPECT_EQ(table.text(20),
            "a      b\n"
            "12345  a long descr…\n");
}

TEST(Table, text_is_cut_between_characters_never_inside_one) {
  EXPECT_EQ(shortened("検出器", 5), "検出…");
  EXPECT_EQ(shortened("検出器", 4), "検…");
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(display_width("e\xCC\x81"), 1);  // e with a combining accent
  EXPECT_EQ(display_width("\xFF\xFE"), 2);   // bytes that are no UTF-8 stand for themselves
}

TEST(Format, a_bar_is_as_long_as_it_is_told_at_any_share) {
  for (int i = 0; i <= 100; ++i) EXPECT_EQ(display_width(bar(i / 100.0, 24)), 24) << i;
  EXPECT_EQ(bar(0.5, 4), "██░░");
  EXPECT_EQ(bar(7.0, 2), "██");
}

json member(double map, double ms) {
  return {{"plan_sha256", "0123456789abcdef"},
          {"map_50_95", map},
          {"images", 128},
          {"map_low", 0.301},
          {"map_high", 0.35},
          {"on_front", 0.875},
          {"latency_ms", ms},
          {"latency_low_ms", ms - 0.5},
          {"latency_high_ms", ms + 0.5},
          {"bytes", 4 << 20},
          {"precision", "int8"},
          {"map_lost", 0.62},
          {"map_lost_low", -0.31},
          {"map_lost_high", 1.55},
          {"speedup", 2.1},
          {"description", "416x416"}};
}

TEST(Format, a_front_shows_every_member_and_the_original_once) {
  json original = member(0.334, 72);
  original["plan_sha256"] = "ffffffffffffffff";
  json front = {{"target", "x86"},
                {"hypervolume", 0.25},
                {"original", original},
                {"members", {member(0.3278, 34.2)}}};
  const std::string table =
      "x86: 1 on the front, hypervolume 0.2500 (=: the original)\n"
      "  plan                    mAP (images)              lost         latency ms  speedup  sure  "
      "    size  precision  what\n"
      "  0123456789  32.78 [30.1, 35.0] (128)  0.62 [-0.3, 1.6]  34.2 [33.7, 34.7]    2.10x  88 %  "
      "4.00 MiB  int8       416x416\n"
      "= ffffffffff  33.40 [30.1, 35.0] (128)  0.62 [-0.3, 1.6]  72.0 [71.5, 72.5]    2.10x  88 %  "
      "4.00 MiB  int8       416x416\n";
  EXPECT_EQ(front_table(front, 0), table);
  front["members"].push_back(original);
  EXPECT_EQ(front_table(front, 0).substr(7), table.substr(7));
}

TEST(Format, a_prediction_is_a_line_a_target_with_its_interval) {
  const json answer = {
      {"items",
       {{{"plan_sha256", "0123456789abcdef"},
         {"predicted",
          {{"ort",
            {{"works", 0.9},
             {"map_50_95", {{"mean", 0.33}, {"low", 0.32}, {"high", 0.34}}},
             {"latency_ms", {{"mean", 21.6}, {"low", 20.0}, {"high", 23.0}}}}},
           {"ov", {{"works", 0}, {"reason", "the target does not take int8"}}}}}}}}};
  EXPECT_EQ(predictions_table(answer, 0),
            "plan        target  works  expected [90 %]\n"
            "0123456789  ort      90 %  latency_ms 21.6 ms [20.0 ms, 23.0 ms]; map_50_95 33.00 "
            "[32.00, 34.00]\n"
            "0123456789  ov        0 %  the target does not take int8\n");
}

TEST(Format, a_trial_shows_what_came_of_it_on_every_target) {
  const json trial = {{"number", 7},
                      {"plan_sha256", "0123456789abcdef"},
                      {"state", "finished"},
                      {"origin", "seed"},
                      {"bytes", 1024},
                      {"macs", 2e6},
                      {"outcomes",
                       {{"ort", {{"map_50_95", 0.3371}, {"latency_ms", 21.63}}},
                        {"ov", {{"infeasible", "parity: outputs differ by 0.2"}}}}}};
  EXPECT_EQ(trials_table(json::array({trial}), 0),
            "trial  plan        state     origin     size    MACs  accuracy, latency\n"
            "    7  0123456789  finished  seed    1.0 KiB  2.00 M  ort mAP 33.71, 21.6 ms; ov "
            "infeasible: "
            "parity: outputs differ by 0.2\n");
}

TEST(Format, the_offer_is_one_sentence_with_what_to_type_next) {
  const json job = {{"best", {{{"target", "x86"}, {"fastest", member(0.3278, 34.2)}}}}};
  EXPECT_EQ(
      offer_lines(job),
      "x86: 2.10 times faster, 0.6 mAP points lost [-0.3, 1.6]: plan 0123456789, `pare download "
      "0123456789 -o 0123456789.onnx`\n");
}

TEST(Format, the_sentence_goes_by_images_that_chose_nothing_and_says_so) {
  json fastest = member(0.3278, 34.2);
  fastest["held_back"] = {{"map_50_95", 0.31},   {"images", 100},   {"map_low", 0.28},
                          {"map_high", 0.33},    {"map_lost", 1.9}, {"map_lost_low", 0.4},
                          {"map_lost_high", 3.4}};
  const json job = {{"best", {{{"target", "x86"}, {"fastest", fastest}}}}};
  EXPECT_EQ(offer_lines(job),
            "x86: 2.10 times faster, 1.9 mAP points lost [0.4, 3.4] on 100 images that chose "
            "nothing (0.6 on those that chose it): plan 0123456789, `pare download 0123456789 -o "
            "0123456789.onnx`\n");
  const json front = {{"target", "x86"}, {"members", {fastest}}};
  EXPECT_NE(front_table(front, 0).find("31.00 [28.0, 33.0] (100), lost 1.90 [0.4, 3.4]"),
            std::string::npos);
}

TEST(Format, what_nothing_checked_and_what_is_hidden_are_said) {
  const json best = {{"target", "x86"}, {"fastest", member(0.3278, 34.2)}, {"note", "too few"}};
  EXPECT_NE(offer_lines({{"best", {best}}}).find("\n  (too few)\n"), std::string::npos);
  const json front = {{"target", "x86"}, {"members", {member(0.3, 34)}}, {"hidden", 3}};
  EXPECT_NE(front_table(front, 0).find("\n3 more are hidden: "), std::string::npos);
}

TEST(Format, an_accuracy_that_is_not_against_labels_says_so_wherever_it_stands) {
  const std::vector<std::pair<const char*, const char*>> table = {
      {"ground_truth", "mAP"}, {"teacher", "teacher mAP"}, {"raw_outputs", "agreement"}};
  for (const auto& [labels, name] : table) {
    const json best = {
        {"target", "x86"}, {"original", member(0.9, 50)}, {"fastest", member(0.3278, 34.2)}};
    const json job = {{"labels", labels}, {"best", {best}}};
    EXPECT_NE(best_lines(job, 0).find(std::string(name) + " of the original"), std::string::npos);
    EXPECT_NE(best_lines(job, 0).find(std::string(name) + " 32.78, 34.2 ms"), std::string::npos);
    EXPECT_NE(offer_lines(job).find(std::string(" 0.6 ") + name + " points lost ["),
              std::string::npos);
    const json front = {{"target", "x86"}, {"labels", labels}, {"members", {member(0.3, 34)}}};
    EXPECT_NE(front_table(front, 0).find(std::string(" ") + name + " (images)"), std::string::npos);
    const json trial = {{"outcomes", {{"ort", {{"map_50_95", 0.5}, {"labels", labels}}}}}};
    EXPECT_NE(trials_table(json::array({trial}), 0).find(std::string("ort ") + name + " 50.00"),
              std::string::npos);
  }
}

TEST(Format, a_model_of_one_size_says_so) {
  EXPECT_NE(summary_text({{"stride", 0}}, 0).find(", of this size only, "), std::string::npos);
  EXPECT_NE(summary_text({{"stride", 32}}, 0).find(", stride 32, "), std::string::npos);
  const nlohmann::json block = {{"name", "a"}};
  const std::string parts = summary_text(
      {{"stages", {{{"blocks", {block, block}}}}}, {"kernels", {{{"layer", "b"}}}}}, 0);
  EXPECT_NE(parts.find("2 blocks of 1 stages can be skipped"), std::string::npos) << parts;
  EXPECT_NE(parts.find("1 kernels can be smaller"), std::string::npos) << parts;
}

TEST(Format, a_card_says_where_its_values_come_from) {
  const json preprocessing = {
      {"color", "rgb"}, {"resize", "stretch"}, {"mean", {0, 0, 0}}, {"std", {1, 1, 1}}};
  const json summary = {
      {"card",
       {{"head", "yolox"},
        {"input", {64, 96}},
        {"classes", {"a"}},
        {"preprocessing", preprocessing}}},
      {"origins",
       {{"head", "the graph"}, {"input", "the file"}, {"preprocessing", "p"}, {"classes", "c"}}}};
  const std::string text = summary_text(summary, 0);
  for (const char* said :
       {"head          yolox  <- the graph\n", "input         64x96  <- the file\n",
        "rgb, stretch, (pixel - [0,0,0]) / [1,1,1]  <- p\n", "classes       1 names  <- c\n"}) {
    EXPECT_NE(text.find(said), std::string::npos) << text;
  }
  EXPECT_EQ(summary_text({{"card", {{"head", "yolox"}}}}, 0).find("card:"), std::string::npos);
}

TEST(Format, what_was_tried_of_a_model_is_told_and_what_does_not_work_with_its_reason) {
  const json layer = {{"name", "a"}};
  const std::string text = summary_text(
      {{"layers", {layer, layer, layer}},
       {"tried",
        {{"seconds", 2.2},
         {"sizes",
          {{{"size", {416, 416}}}, {{"size", {352, 352}}, {"why_not", "Add \"p\" is fixed"}}}},
         {"fp32_layers", {{{"layer", "along"}, {"reason", "a Conv1d"}}}},
         {"outputs",
          {{{"name", "boxes"}}, {{"name", "labels"}, {"why_not_compared", "it holds int64"}}}}}}},
      0);
  for (const char* said :
       {"tried in 2 s, and it works: input 416x416; fp32, int8 (2 of 3 layers); "
        "outputs compared: boxes\n",
        "left out: input 352x352: Add \"p\" is fixed\n", "stays in fp32: along: a Conv1d\n",
        "not compared: output labels: it holds int64\n"}) {
    EXPECT_NE(text.find(said), std::string::npos) << text;
  }
  const std::string none = summary_text({{"tried", {{"why_no_int8", "opset 8"}}}}, 0);
  EXPECT_NE(none.find("left out: int8: opset 8\n"), std::string::npos) << none;
}

TEST(Format, a_job_that_has_nothing_yet_is_shown_all_the_same) {
  EXPECT_EQ(progress_line(json{{"id", 3}, {"state", "preparing"}, {"budget", {{"trials", 40}}}}),
            "job 3 preparing  " + bar(0, 24) + "   0 %  0/40 trials");
  EXPECT_EQ(best_lines(json::object(), 80), "");
  EXPECT_EQ(offer_lines(json::object()), "");
}

TEST(Problem, a_problem_document_becomes_one_sentence_with_the_field_and_the_value) {
  const Error error = error_of(
      422, R"({"detail":"nobody serves it","field":"targets[0]","value":"x86","status":422})");
  EXPECT_EQ(error.message, "nobody serves it (targets[0]: \"x86\")");
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_EQ(error_of(502, "<html>").message, "the service answered 502");
  EXPECT_EQ(error_of(503, "{}").code, ErrorCode::kUnavailable);
}

TEST(Checks, findings_and_what_is_not_tried_are_told_for_each_target) {
  const json checks = {{{"target", "x86"},
                        {"result",
                         {{"cpu_model", "a processor"},
                          {"runtime_version", "1.2"},
                          {"seconds", 14.2},
                          {"findings", {"rt: it is slow."}},
                          {"avoid", {{{"trait", "smooth"}, {"reason", "SiLU is wrong"}}}}}}},
                       {{"target", "arm"}, {"reason", "it hung"}}};
  EXPECT_EQ(checks_text(checks, Findings::kAll),
            "x86: checked in 14 s on a processor, version 1.2\n"
            "  - rt: it is slow.\n"
            "  not tried (smooth): SiLU is wrong\n"
            "arm: the check failed: it hung\n");
}

TEST(Checks, a_check_is_summed_up_under_the_name_of_its_target) {
  DeviceCheck check;
  check.cpu_model = "a processor";
  check.runtime_version = "1.2";
  check.seconds = 14.2;
  check.findings = {"rt: it is slow.", "rt: it is old."};
  check.avoid = {{ModelTrait::kSmooth, QdqPlacement::kOperators, {}, "it is slow"}};
  const json checks = {{{"target", "x86"}, {"result", wire::device_check_value(check)}},
                       {{"target", "arm"}, {"reason", "it hung"}}};
  EXPECT_EQ(checks_text(checks, Findings::kSummedUp),
            "x86: checked in 14 s on a processor, version 1.2\n"
            "  - it is slow; not tried\n"
            "  - it is old\n"
            "arm: the check failed: it hung\n");
}

TEST(Checks, a_check_of_another_version_is_shown_in_full) {
  const json checks = {{{"target", "x86"}, {"result", {{"findings", {"rt: it is slow."}}}}}};
  EXPECT_EQ(checks_text(checks, Findings::kSummedUp), "x86: \n  - rt: it is slow.\n");
}

TEST(Preprocessing, what_is_alarming_comes_first_and_what_was_not_tried_is_not_told) {
  const json job = {{"preprocessing",
                     {{"images", 32},
                      {"tried", json::array()},
                      {"findings", {"Stretching is the best."}},
                      {"alarms", {"It finds nothing."}}}}};
  EXPECT_EQ(preprocessing_text(job),
            "preprocessing: WARNING: It finds nothing.\n"
            "preprocessing: Stretching is the best.\n");
  EXPECT_EQ(preprocessing_text({{"id", 1}}), "");
}

TEST(FrontTable, a_doubtful_latency_is_marked_and_its_reason_told) {
  const json member = {{"plan_sha256", std::string(64, '1')},
                       {"latency_ms", 2.0},
                       {"latency_low_ms", 1.9},
                       {"latency_high_ms", 2.1},
                       {"latency_suspect", "the canary sang"}};
  const std::string text = front_table({{"target", "x86"}, {"members", {member}}}, 0);
  EXPECT_NE(text.find("[1.90, 2.10] ?"), std::string::npos) << text;
  EXPECT_NE(text.find("? 1111111111: the canary sang\n"), std::string::npos) << text;
}

TEST(TrainingLine, is_the_held_out_loss_as_a_share_of_where_it_began) {
  EXPECT_EQ(training_line(json::object()), "");
  const json series = {
      {"points",
       {{{"step", 0}, {"numbers", {{"closed_form/0.10", 2.0}, {"closed_form/0.25", 4.0}}}},
        {{"step", 10}, {"numbers", {{"loss", 9.0}}}},
        {{"step", 20}, {"numbers", {{"held_out/0.10", 1.5}, {"held_out/0.25", 3.0}}}},
        {{"step", 30}, {"numbers", {{"held_out/0.10", 1.0}, {"held_out/0.25", 2.0}}}}}}};
  EXPECT_EQ(training_line(series), "loss on images held out █▇▅ 0.50 of where it began\n");
}

}  // namespace
}  // namespace pare::cli
