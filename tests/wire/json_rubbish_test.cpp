#include <gtest/gtest.h>

#include <random>

#include "tests/wire/random_documents.h"
#include "wire/job_json.h"
#include "wire/plan_json.h"
#include "wire/summary_json.h"
#include "wire/target_json.h"

namespace pare::wire {
namespace {

struct Bad {
  const char* json;
  const char* field;    // what the error must name
  const char* message;  // what it must say, in part
};

template <typename Decode>
void expect_refused(std::span<const Bad> cases, Decode decode) {
  for (const Bad& bad : cases) {
    SCOPED_TRACE(bad.json);
    const auto got = decode(bad.json);
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(got.error().field, bad.field);
    EXPECT_NE(got.error().message.find(bad.message), std::string::npos) << got.error().message;
  }
}

TEST(JsonRubbish, a_job_document_that_is_wrong_is_refused_with_field_and_value) {
  const Bad cases[] = {
      {"", "", "valid JSON"},
      {"\xff\xfe", "", "valid JSON"},
      {"{", "", "valid JSON"},
      {"[]", "", "be an object"},
      {"null", "", "be an object"},
      {R"({"dataset": "d", "targets": ["t"]})", "model", "\"model\" is missing"},
      {R"({"model": 3, "dataset": "d", "targets": ["t"]})", "model", "is 3; it must be a text"},
      {R"({"model": "", "dataset": "d", "targets": ["t"]})", "model", "not be empty"},
      {R"({"model": "m", "model": "n", "dataset": "d", "targets": ["t"]})", "model", "twice"},
      {R"({"model": "m", "dataset": "d", "targets": []})", "targets", "at least one"},
      {R"({"model": "m", "dataset": "d", "targets": "t"})", "targets", "a list"},
      {R"({"model": "m", "dataset": "d", "targets": ["t", "t"]})", "targets", "twice"},
      {R"({"model": "m", "dataset": "d", "targets": ["t", 1]})", "targets[1]", "is 1"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "trails": 3})", "trails", "unknown"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "budget": {"trials": 0}})",
       "budget.trials", "is 0; it must be a whole number from 1"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "budget": {"trials": 2.5}})",
       "budget.trials", "is 2.5"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "budget": {"seconds": -1}})",
       "budget.seconds", "at least 1"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "budget": {"hours": 1}})",
       "budget.hours", "unknown"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "strategy": "magic"})", "strategy",
       "\"magic\"; it must be one of \"evolution\", \"local_search\", \"nsga2\", \"pare\", "
       "\"random\""},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "recovery": "train"})", "recovery",
       "\"train\""},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "space": {"resolution": [1, 0.5]}})",
       "space.resolution", "[1,0.5]"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "space": {"precision": []}})",
       "space.precision", "at least one"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "space": {"precision": ["int4"]}})",
       "space.precision", "int4"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "objectives": []})", "objectives",
       "1 to 5"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "objectives": ["map_50_95", "map_50",
           "map_small", "map_medium", "map_large", "latency_ms"]})",
       "objectives", "1 to 5"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "budget": {"device_seconds": 0}})",
       "budget.device_seconds", "at least 1"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "validation": {"held_back": 1}})",
       "validation.held_back", "is 1"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "across": "all"})", "across",
       "\"each\", \"worst\""},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "weights": {"t": 2}})", "weights",
       "only with"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "across": "worst", "weights": {"u": 2}})",
       "weights", "own targets"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "begin_with": [{}]})",
       "begin_with[0].plan", "be there"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "begin_with": [{"front_of": 0}]})",
       "begin_with[0].front_of", "is 0"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"],
           "begin_with": [{"plan": {"version": 3}}]})",
       "begin_with[0].plan.version", "is 3"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "transfer": {"from": 2, "measure": 3}})",
       "transfer.measure", "is 3"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "budget": {"stagnation": 1}})",
       "budget.stagnation", "is 1"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"],
           "objectives": ["map_small", "map_small", "bytes"]})",
       "objectives", "no metric twice"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "objectives": ["map_tiny", "bytes"]})",
       "objectives", "\"class:\" and the name"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "constraints":
          [{"metric": "class:", "min": 0.5}]})",
       "constraints[0].metric", "\"class:\" and the name"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "constraints":
          [{"metric": "bytes", "max": 1, "min": 2}]})",
       "constraints[0].min", "not stand beside"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "constraints": [{"metric": "bytes"}]})",
       "constraints[0].max", "be there"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "constraints":
          [{"metric": "bytes", "max": 1, "target": "u"}]})",
       "constraints", "own targets"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "seed": -1})", "seed", "is -1"},
      {R"({"model": "m", "dataset": "d", "targets": ["t"], "seed": 1e999})", "", "valid JSON"},
  };
  expect_refused(cases, parse_new_job);
}

TEST(JsonRubbish, a_whole_number_may_be_written_with_a_point) {
  const auto trials = [](const std::string& number) {
    return parse_new_job(R"({"model": "m", "dataset": "d", "targets": ["t"], "seed": 3.0,
                             "budget": {"trials": )" +
                         number + "}}");
  };
  for (const char* number : {"27", "27.0", "2.7e1"}) {
    const auto job = trials(number);
    ASSERT_TRUE(job) << number;
    EXPECT_EQ(job.value().budget.trials, 27);
    EXPECT_EQ(job.value().seed, 3U);
  }
  for (const char* number : {"27.5", "1e300", "-1e300", "9007199254740994.0", "-1.0"}) {
    EXPECT_FALSE(trials(number)) << number;
  }
}

TEST(JsonRubbish, a_plan_that_is_wrong_is_refused_with_field_and_value) {
  const Bad cases[] = {
      {R"({"version": 2, "input": [8, 8], "widths": {}, "importance": "gram",
           "reconstruction": "none", "quantization": null})",
       "floats", "missing"},
      {R"({"version": 1, "input": [8], "widths": {}, "importance": "gram",
           "reconstruction": "none", "quantization": null})",
       "input", "[8]"},
      {R"({"version": 1, "input": [8, 0], "widths": {}, "importance": "gram",
           "reconstruction": "none", "quantization": null})",
       "input[1]", "is 0"},
      {R"({"version": 1, "input": [8, 8], "widths": {"a": 0}, "importance": "gram",
           "reconstruction": "none", "quantization": null})",
       "widths.a", "is 0"},
      {R"({"version": 1, "input": [8, 8], "widths": {"a": 99999999999}, "importance": "gram",
           "reconstruction": "none", "quantization": null})",
       "widths.a", "99999999999"},
      {R"({"version": 1, "input": [8, 8], "widths": {}, "importance": "luck",
           "reconstruction": "none", "quantization": null})",
       "importance", "luck"},
      {R"({"version": 1, "input": [8, 8], "widths": {}, "importance": "gram",
           "reconstruction": "none", "quantization": {"weight_bits": 6, "ranges": "min_max",
           "placement": "operators", "keep_fp32": []}})",
       "quantization.weight_bits", "is 6"},
      {R"({"version": 1, "input": [8, 8], "widths": {}, "importance": "gram",
           "reconstruction": "none", "quantization": {"weight_bits": 8, "ranges": "min_max",
           "placement": "operators"}})",
       "quantization.keep_fp32", "missing"},
      {R"({"version": 3, "input": [8, 8], "widths": {}, "importance": "gram",
           "reconstruction": "none", "quantization": null})",
       "version", "is 3"},
      {R"({"version": 1, "input": [8, 8], "widths": {}, "importance": "gram",
           "reconstruction": "none", "quantization": null, "floats": "bf16"})",
       "floats", "floats"},
      {R"({"version": 2, "input": [8, 8], "widths": {}, "importance": "gram", "layers": {},
           "reconstruction": "none", "quantization": null, "floats": "int8"})",
       "floats", "int8"},
      {R"({"version": 2, "input": [8, 8], "widths": {}, "importance": "gram",
           "layers": {"stem": {"int4": true}},
           "reconstruction": "none", "quantization": null, "floats": "fp32"})",
       "layers.stem.int4", "int4"},
  };
  expect_refused(cases, parse_plan);
}

TEST(JsonRubbish, targets_models_and_comparisons_that_are_wrong_are_refused) {
  const Bad targets[] = {
      {R"({"name": "t"})", "runtime", "missing"},
      {R"({"name": "", "runtime": "r"})", "name", "have 1 to 100"},
      {R"({"name": "../x", "runtime": "r"})", "name", "have 1 to 100"},
      {R"({"name": "a\u0000b", "runtime": "r"})", "name", "have 1 to 100"},
      {R"({"name": "t", "runtime": "r", "threads": 0})", "threads", "is 0"},
      {R"({"name": "t", "runtime": "r", "precisions": ["int4"]})", "precisions", "int4"},
  };
  expect_refused(targets, parse_target);
  const std::string digits(64, 'a');
  const std::string named = R"({"name": "deadbeef01", "sha256": ")" + digits + "\"}";
  const Bad models[] = {
      {R"({"name": "m", "sha256": "abc"})", "sha256", "64 lower-case"},
      {named.c_str(), "name", "look like a SHA-256"},
  };
  expect_refused(models, parse_new_model);
  const Bad comparisons[] = {
      {R"({"job": 0, "target": "t", "a": "aaaaaaaa", "b": "bbbbbbbb"})", "job", "is 0"},
      {R"({"job": 1, "target": "t", "a": "aaaa", "b": "bbbbbbbb"})", "a", "8 digits"},
      {R"({"job": 1, "target": "t", "a": "aaaaaaaa", "b": "bbbbbbbb", "alpha": 1})", "alpha",
       "0.5"},
  };
  expect_refused(comparisons, parse_new_comparison);
}

TEST(JsonRubbish, a_task_or_outcome_that_is_wrong_is_refused) {
  const std::string blob(64, 'b');
  const std::string extra = R"({"kind": "inspect_dataset", "blobs": {"dataset": ")" + blob +
                            R"(", "model": ")" + blob + R"("}, "params": {}})";
  const Bad tasks[] = {
      {R"({"kind": "dance", "blobs": {}, "params": {}})", "kind", "dance"},
      {R"({"kind": "inspect_dataset", "blobs": {}, "params": {}})", "blobs.dataset", "missing"},
      {extra.c_str(), "blobs.model", "unknown"},
  };
  expect_refused(tasks, parse_task);
  const Bad outcomes[] = {
      {R"({"ok": true, "seconds": 1})", "result", "missing"},
      {R"({"ok": false, "seconds": 1, "code": "tired", "reason": "r"})", "code", "tired"},
      {R"({"ok": false, "seconds": 1, "code": "unsupported", "reason": "r", "result": {}})",
       "result", "unknown"},
      {R"({"ok": true, "seconds": 1, "result": {"images": 1, "layers": -2}})", "result.layers",
       "is -2"},
      {R"({"ok": true, "seconds": 1, "result": {"images": 1, "layers": 2},
           "artifacts": {"statistics": {"sha256": "x", "bytes": 1}}})",
       "artifacts.statistics.sha256", "SHA-256"},
  };
  expect_refused(outcomes,
                 [](std::string_view json) { return parse_outcome(json, TaskKind::kPrepare); });
}

TEST(JsonRubbish, deep_nesting_is_refused_and_not_followed) {
  const std::string deep(100'000, '[');
  EXPECT_FALSE(parse_plan(deep).has_value());
  std::string closed = deep + std::string(100'000, ']');
  const auto got = parse_plan(closed);
  ASSERT_FALSE(got.has_value());
  EXPECT_NE(got.error().message.find("nested"), std::string::npos) << got.error().message;
}

// Bytes of a good document changed at random: decoding ends in a value or in an error.
TEST(JsonRubbish, a_damaged_document_never_crashes_a_decoder) {
  std::mt19937 rng(77);
  for (unsigned seed = 0; seed < 300; ++seed) {
    RandomDocuments random(seed);
    const TaskKind kind = kAllTaskKinds[seed % kAllTaskKinds.size()];
    std::string texts[] = {job_to_json(random.job()), plan_to_json(random.plan()),
                           summary_to_json(random.summary()),
                           outcome_to_json(random.outcome(kind))};
    for (std::string& text : texts) {
      for (int change = 0; change < 3; ++change)
        text[rng() % text.size()] = static_cast<char>(rng());
      (void)parse_new_job(text);
      (void)parse_plan(text);
      (void)parse_summary(text);
      (void)parse_outcome(text, kind);
      (void)parse_task(text);
    }
  }
}

}  // namespace
}  // namespace pare::wire
