// A harness that breaks the contract in one way is found by the check that is about it, and said
// so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/check/runtime_check.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Fault {
  const char* fault;  // of broken_harness.py
  const char* check;  // that finds it
  const char* why;    // is said of it
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.fault;
}

CheckOutcome outcome_of(const std::string& check, const std::vector<std::string>& command) {
  const fs::path scratch =
      fs::temp_directory_path() / ("pare-broken-" + std::to_string(::getpid()));
  fs::create_directories(scratch);
  const auto found = std::ranges::find(all_runtime_checks(), check, &RuntimeCheck::name);
  CheckOutcome outcome = carry_out(*found, {.command = command, .scratch = scratch, .cores = {0}});
  fs::remove_all(scratch);
  return outcome;
}

class BrokenHarness : public testing::TestWithParam<Fault> {};

TEST_P(BrokenHarness, is_found_by_the_check_that_is_about_it) {
  const Fault& fault = GetParam();
  const CheckOutcome outcome =
      outcome_of(fault.check, {PARE_PYTHON, PARE_BROKEN_HARNESS, fault.fault});
  ASSERT_EQ(outcome.end, CheckEnd::kBroken);
  EXPECT_THAT(outcome.why, HasSubstr(fault.why));
  EXPECT_THAT(outcome.request, HasSubstr("\"do\""));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BrokenHarness,
    testing::Values(
        Fault{"no fp32", "hello_says_what_it_is", "without fp32"},
        Fault{"unheard of", "hello_says_what_it_is", "fp7"},
        Fault{"no settings", "a_loaded_model_says_its_inputs_and_outputs", "settings"},
        Fault{"drops the batch", "a_loaded_model_says_its_inputs_and_outputs", "[1, 4, 16, 16]"},
        Fault{"renames outputs", "an_output_has_the_name_and_the_shape_that_the_file_gives_it",
              "/head/score.8:0"},
        Fault{"is wrong", "fp32_outputs_are_those_of_the_executor", "% of its range"},
        Fault{"other layout", "fp32_outputs_are_those_of_the_executor", "% of its range"},
        Fault{"other layout", "int8_is_computed_as_it_stands_in_the_file", "is wrong however"},
        Fault{"claims fp16", "it_computes_in_the_types_of_its_hello_and_refuses_others",
              "to the bit"},
        Fault{"takes any floats", "it_computes_in_the_types_of_its_hello_and_refuses_others",
              "unsupported was expected"},
        Fault{"answers of before", "outputs_are_those_of_the_inputs_given_last", "outputs"},
        Fault{"answers of before", "the_next_inference_may_be_sent_ahead", "outputs"},
        Fault{"keeps another model", "a_model_loaded_from_what_was_kept_answers_the_same",
              "other answers"},
        Fault{"forgets nothing", "the_next_model_replaces_the_last_and_unload_forgets_it",
              "invalid_argument was expected, not an answer"},
        Fault{"one sample too many", "the_limits_of_timing_hold", "exactly 25 samples"},
        Fault{"always narrow", "the_limits_of_timing_hold", "\"narrow\" is true"},
        Fault{"times nothing", "a_model_with_more_work_takes_longer", "128 times as wide"},
        Fault{"twice the same layer", "a_profiled_model_gives_a_time_for_each_layer",
              "two layers are called"},
        Fault{"always layers", "only_a_profiled_model_gives_times_per_layer", "\"layers\""},
        Fault{"other code", "a_refusal_names_the_thing_and_the_harness_goes_on",
              "not_found was expected, not unsupported"},
        Fault{"no names", "a_refusal_names_the_thing_and_the_harness_goes_on", "absent.onnx"},
        Fault{"takes any device", "a_device_that_is_not_there_is_refused", "unsupported"},
        Fault{"takes any field", "a_wrong_request_is_refused_and_named", "invalid_argument"},
        Fault{"takes any option", "an_unknown_option_is_refused_with_those_that_are_known",
              "invalid_argument"},
        Fault{"prints", "stdout_has_one_line_for_each_request_and_nothing_else", "done"},
        Fault{"ends badly", "the_end_of_stdin_ends_it_well", "signal 11"},
        Fault{"never ends", "the_end_of_stdin_ends_it_well", "Killed"},
        Fault{"ends badly", "bye_ends_it_well", "signal 11"}),
    [](const auto& made) {
      std::string name = std::string(made.param.fault) + "_found_by_" + made.param.check;
      std::ranges::replace(name, ' ', '_');
      return name;
    });

TEST(BrokenHarness, what_is_not_claimed_is_not_held_against_it) {
  const CheckOutcome outcome = outcome_of("a_model_loaded_from_what_was_kept_answers_the_same",
                                          {PARE_PYTHON, PARE_BROKEN_HARNESS, "none"});
  EXPECT_EQ(outcome.end, CheckEnd::kNotClaimed);
  EXPECT_EQ(outcome.why, "keeps");
}

TEST(BrokenHarness, a_program_that_is_not_there_is_broken_and_named) {
  const CheckOutcome outcome = outcome_of("hello_says_what_it_is", {"/nonexistent/harness"});
  EXPECT_EQ(outcome.end, CheckEnd::kBroken);
  EXPECT_THAT(outcome.why, HasSubstr("/nonexistent/harness"));
}

}  // namespace
}  // namespace pare::engine
