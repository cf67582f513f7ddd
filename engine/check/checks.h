// The checks, a function each: runtime_check.cpp has their names.
#pragma once

#include "engine/check/checked_harness.h"

namespace pare::engine {

void check_hello(CheckedHarness& harness);
void check_load(CheckedHarness& harness);
void check_names(CheckedHarness& harness);
void check_replacing(CheckedHarness& harness);
void check_refusals(CheckedHarness& harness);
void check_devices(CheckedHarness& harness);
void check_wrong_requests(CheckedHarness& harness);
void check_options(CheckedHarness& harness);
void check_stdout(CheckedHarness& harness);
void check_end_of_stdin(CheckedHarness& harness);
void check_bye(CheckedHarness& harness);

void check_fp32(CheckedHarness& harness);
void check_int8(CheckedHarness& harness);
void check_floats(CheckedHarness& harness);
void check_slots(CheckedHarness& harness);
void check_ahead(CheckedHarness& harness);
void check_kept(CheckedHarness& harness);

void check_samples(CheckedHarness& harness);
void check_limits(CheckedHarness& harness);
void check_more_work(CheckedHarness& harness);
void check_layers(CheckedHarness& harness);
void check_no_layers(CheckedHarness& harness);

}  // namespace pare::engine
