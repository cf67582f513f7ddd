// A strategy of Pare's behind two pipes, so that a benchmark in Python can ask it beside its peers.
//
// The first line describes the space: {"strategy": s, "seed": n, "decisions": [{"ordered": b,
// "choices": n}, ...], "only": [[...], ...], "known"?: [{"genome": [...], "features": [...]}, ...],
// "measure"?: n}; with "known" it is a transfer from other targets.  Each further line is {"ask":
// n}, answered by a line
// {"genomes": [[...], ...]}, or {"tell": [{"genome": [...], "targets": [{"objectives": [...],
// "violations": [...]} or null, ...]}, ...]}, answered by {}.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "search/strategy.h"
#include "search/surrogate/transfer.h"

namespace {

using nlohmann::json;
using pare::search::Decision;
using pare::search::Genome;
using pare::search::Observation;
using pare::search::Status;

pare::search::Space space_of(const json& document) {
  std::vector<Decision> decisions;
  for (const json& one : document.at("decisions")) {
    Decision& d = decisions.emplace_back();
    d.ordered = one.at("ordered").get<bool>();
    d.family = d.ordered ? pare::search::family::kLevel : pare::search::family::kOption;
    d.name = "decision " + std::to_string(decisions.size());
    d.choices = one.at("choices").get<int>();
  }
  std::vector<Genome> only;
  for (const json& one : document.value("only", json::array())) {
    only.push_back({one.get<std::vector<int>>()});
  }
  return pare::search::Space::of_decisions(std::move(decisions), std::move(only));
}

Observation observation_of(const json& told, int trial) {
  Observation out{pare::TrialId{trial}, {told.at("genome").get<std::vector<int>>()}, {}};
  for (const json& target : told.at("targets")) {
    auto& on = out.targets.emplace_back();
    if (target.is_null()) {
      on.status = Status::kInfeasible;
    } else {
      on.objectives = target.at("objectives").get<std::vector<double>>();
      on.violations = target.value("violations", std::vector<double>{});
    }
  }
  return out;
}

}  // namespace

int main() {
  std::string line;
  std::getline(std::cin, line);
  const json first = json::parse(line);
  auto strategy = pare::search::make_strategy(first.at("strategy").get<std::string>(),
                                              space_of(first), first.at("seed").get<int>());
  if (!strategy) {
    std::cerr << strategy.error().message << "\n";
    return 2;
  }
  if (first.contains("known")) {
    std::vector<pare::search::KnownPlan> known;
    for (const json& one : first["known"]) {
      known.push_back({{one.at("genome").get<std::vector<int>>()},
                       one.at("features").get<std::vector<double>>()});
    }
    strategy = pare::search::with_transfer(std::move(known), first.at("measure").get<std::size_t>(),
                                           std::move(strategy).value());
  }
  int trial = 0;
  while (std::getline(std::cin, line)) {
    const json request = json::parse(line);
    json answer = json::object();
    if (request.contains("ask")) {
      answer["genomes"] = json::array();
      for (const Genome& genome : strategy.value()->ask(request.at("ask").get<int>())) {
        answer["genomes"].push_back(genome.choices);
      }
    } else {
      for (const json& told : request.at("tell")) {
        const Observation seen = observation_of(told, ++trial);
        strategy.value()->tell({&seen, 1});
      }
    }
    std::cout << answer.dump() << std::endl;
  }
  return 0;
}
