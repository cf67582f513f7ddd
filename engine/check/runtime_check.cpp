#include "engine/check/runtime_check.h"

#include <array>
#include <exception>

#include "engine/check/checks.h"

namespace pare::engine {
namespace {

constexpr auto kChecks = std::to_array<RuntimeCheck>({
    {"hello_says_what_it_is", check_hello},
    {"a_loaded_model_says_its_inputs_and_outputs", check_load},
    {"an_output_has_the_name_and_the_shape_that_the_file_gives_it", check_names},
    {"fp32_outputs_are_those_of_the_executor", check_fp32},
    {"int8_is_computed_as_it_stands_in_the_file", check_int8},
    {"it_computes_in_the_types_of_its_hello_and_refuses_others", check_floats},
    {"outputs_are_those_of_the_inputs_given_last", check_slots},
    {"the_next_inference_may_be_sent_ahead", check_ahead},
    {"a_model_loaded_from_what_was_kept_answers_the_same", check_kept},
    {"the_next_model_replaces_the_last_and_unload_forgets_it", check_replacing},
    {"time_returns_every_sample_and_says_how_it_ended", check_samples},
    {"the_limits_of_timing_hold", check_limits},
    {"a_model_with_more_work_takes_longer", check_more_work},
    {"a_profiled_model_gives_a_time_for_each_layer", check_layers},
    {"only_a_profiled_model_gives_times_per_layer", check_no_layers},
    {"a_refusal_names_the_thing_and_the_harness_goes_on", check_refusals},
    {"a_device_that_is_not_there_is_refused", check_devices},
    {"a_wrong_request_is_refused_and_named", check_wrong_requests},
    {"an_unknown_option_is_refused_with_those_that_are_known", check_options},
    {"stdout_has_one_line_for_each_request_and_nothing_else", check_stdout},
    {"the_end_of_stdin_ends_it_well", check_end_of_stdin},
    {"bye_ends_it_well", check_bye},
});

}  // namespace

std::span<const RuntimeCheck> all_runtime_checks() {
  return kChecks;
}

Result<GreetedRuntime> greet(const CheckedCommand& command) {
  const auto started = Harness::start({.name = command.command.front(),
                                       .command = command.command,
                                       .scratch = command.scratch,
                                       .cores = command.cores,
                                       .call_limit = command.call_limit});
  if (!started) return started.error();
  const HarnessHello& hello = started.value()->hello();
  return GreetedRuntime{hello.runtime, hello.version};
}

CheckOutcome carry_out(const RuntimeCheck& check, const CheckedCommand& command) {
  CheckedHarness harness(command);
  const auto broken = [&](std::string why) {
    return CheckOutcome{CheckEnd::kBroken, std::move(why), harness.request(), harness.answer()};
  };
  try {
    check.run(harness);
    return {CheckEnd::kKept, harness.notes(), {}, {}};
  } catch (const CheckBroken& found) {
    return broken(found.why);
  } catch (const CheckNotClaimed& claim) {
    return {CheckEnd::kNotClaimed, claim.what, {}, {}};
  } catch (const std::exception& error) {
    return broken(error.what());
  }
}

}  // namespace pare::engine
