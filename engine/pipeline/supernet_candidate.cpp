#include "engine/pipeline/supernet_candidate.h"

#include <utility>

#include "engine/ops/all_ops.h"
#include "engine/pipeline/elastic_parts.h"
#include "engine/prune/allocation.h"
#include "engine/prune/importance.h"

namespace pare::engine {
namespace {

// The change of a tuned plan is whole at every share (knot_weights()).
constexpr double kWhole = 1;

// What int8 asks for on top, where the plan is int8.
Result<Candidate> build_for_precision(Detector detector, const Int8Change& int8,
                                      const TensorFile& statistics, const Plan& plan) {
  if (!plan.quantization) return build_candidate(detector, statistics, plan);
  auto body = corrected_for_int8(detector.body, int8);
  if (!body) return body.error();
  detector.body = std::move(body).value();
  return build_candidate(detector, statistics, plan, {}, int8.range_factors);
}

Result<Candidate> build_tuned(const Detector& detector, const Supernet& tuned,
                              const TensorFile& statistics, const Plan& plan) {
  auto reduced = reduce(detector, statistics, plan);
  if (!reduced) return reduced.error();
  auto [left, its_statistics, rest] = std::move(reduced).value();
  auto body = corrected(left.body, tuned, kWhole);
  if (!body) return body.error();
  left.body = std::move(body).value();
  auto candidate = build_for_precision(left, tuned.int8, its_statistics, rest);
  if (!candidate) return candidate.error();
  Candidate built = std::move(candidate).value();
  for (const Group& group : detector.groups.groups) {  // of those that went nothing is kept
    built.widths.try_emplace(group.name, 0, static_cast<int>(group.units.size()));
  }
  return built;
}

// A super-network of widths alone has nothing to say of a plan that keeps all of them: another part
// of the network lacks what it stands for.
bool takes_change(const SupernetLineage& lineage, const Plan& plan) {
  return !plan.widths.empty() || (lineage.parts && removes_parts(plan));
}

bool is_trained_form(const Plan& plan) {
  return plan.importance == Importance::kGram &&
         plan.reconstruction == Reconstruction::kIndependent;
}

}  // namespace

Result<double> share_removed(const Detector& detector, const TensorFile& statistics,
                             const Plan& plan) {
  const auto orders = load_orders(statistics, Importance::kGram);
  if (!orders) return orders.error();
  const auto all = cost_of(detector.body, detector.observed);
  if (!all) return all.error();
  const auto reduced = reduce(detector, statistics, plan);
  if (!reduced) return reduced.error();
  const Detector& left = reduced.value().detector;
  UnitOrders own;
  if (const auto known = check_orders(orders.value(), left.groups); !known) return known.error();
  for (const Group& group : left.groups.groups) own[group.name] = orders.value().at(group.name);
  const auto costs = WidthCosts::make(left.body, left.observed, all_ops(), left.groups, own);
  if (!costs) return costs.error();
  return 1 - static_cast<double>(costs.value().macs(reduced.value().plan.widths)) /
                 static_cast<double>(all.value().macs);
}

Result<Candidate> build_from_supernet(const Detector& detector, const Supernet& supernet,
                                      const TensorFile& statistics, const Plan& plan) {
  if (removes_parts(plan) && !is_trained_form(plan)) {
    return Error{ErrorCode::kUnsupported,
                 "a super-network's sub-networks are chosen by gram and repaired independently, "
                 "which this plan is not"};
  }
  if (plan.weights == Weights::kTuned) return build_tuned(detector, supernet, statistics, plan);
  Detector other = detector;
  if (takes_change(supernet.lineage, plan)) {
    const auto removed = share_removed(detector, statistics, plan);
    if (!removed) return removed.error();
    auto body = corrected(detector.body, supernet, removed.value());
    if (!body) return body.error();
    other.body = std::move(body).value();
  }
  return build_for_precision(std::move(other), supernet.int8, statistics, plan);
}

}  // namespace pare::engine
