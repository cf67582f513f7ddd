#include "engine/pipeline/supernet_candidate.h"

#include "engine/ops/all_ops.h"
#include "engine/prune/allocation.h"
#include "engine/prune/importance.h"

namespace pare::engine {

Result<Candidate> build_from_supernet(const Detector& detector, const Supernet& supernet,
                                      const TensorFile& statistics, const Plan& plan) {
  if (plan.widths.empty()) return build_candidate(detector, statistics, plan);
  if (plan.importance != Importance::kGram || plan.reconstruction != Reconstruction::kIndependent) {
    return Error{ErrorCode::kUnsupported,
                 "a super-network's sub-networks are chosen by gram and repaired independently, "
                 "which this plan is not"};
  }
  const auto orders = load_orders(statistics, Importance::kGram);
  if (!orders) return orders.error();
  const auto costs = WidthCosts::make(detector.body, detector.observed, all_ops(), detector.groups,
                                      orders.value());
  if (!costs) return costs.error();
  const auto all = static_cast<double>(costs.value().macs({}));
  const double removed = 1 - static_cast<double>(costs.value().macs(plan.widths)) / all;
  auto body = corrected(detector.body, supernet, removed);
  if (!body) return body.error();
  Detector other = detector;
  other.body = std::move(body).value();
  return build_candidate(other, statistics, plan);
}

}  // namespace pare::engine
