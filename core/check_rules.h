// From the probes of a reality check to the settings of int8 that are broken: what engines judge by
// and what people are told share it.  Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/avoid.h"
#include "core/device_check.h"

namespace pare {

// The probes of each network, in the order in which the networks first come.
std::vector<std::vector<CorrectnessProbe>> by_network(const std::vector<CorrectnessProbe>& probes);

// The fewest rules, without reasons, that cover the settings in which one network fails: all of
// int8, a number of bits, a placement, or one of each.  REQUIRES: probes of one network, not empty.
std::vector<AvoidRule> rules_for(std::vector<CorrectnessProbe> of_network);

// True if the rule is about the probe's setting.
bool covers(const AvoidRule& rule, const CorrectnessProbe& probe);

// The worst failing probe that the rule covers.  REQUIRES: there is one.
const CorrectnessProbe& worst_of(const std::vector<CorrectnessProbe>& probes,
                                 const AvoidRule& rule);

// "around convolutions"
std::string_view words_of(QdqPlacement placement);
// "int8 with 8-bit weights with Q/DQ around convolutions"
std::string setting_of(const AvoidRule& rule);

}  // namespace pare
