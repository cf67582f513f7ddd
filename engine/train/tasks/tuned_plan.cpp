#include "engine/train/tasks/tuned_plan.h"

#include <utility>

#include "engine/pipeline/elastic_parts.h"
#include "engine/pipeline/supernet_candidate.h"

namespace pare::engine {
namespace {

std::string why_not_tuned(const Plan& plan) {
  if (plan.widths.empty()) return "the plan narrows no group: there is nothing to train";
  if (plan.importance == Importance::kGram && plan.reconstruction == Reconstruction::kIndependent) {
    return {};
  }
  return "weights are trained for plans that choose by gram and repair independently, which this "
         "one does not";
}

// Without the layers that went with blocks.
Int8Change of_layers_in(const Graph& body, Int8Change int8) {
  std::erase_if(int8.changes,
                [&](const auto& change) { return find_node(body, change.first) == nullptr; });
  return int8;
}

}  // namespace

Result<TunedBody> tuned_body(const OpenedModel& model, const Plan& plan, const Supernet* from) {
  const std::string why = why_not_tuned(plan);
  if (!why.empty()) return Error{ErrorCode::kUnsupported, why};
  const auto removed = share_removed(model.detector, model.file, plan);
  if (!removed) return removed.error();
  const Plan form = trained_form(plan);
  auto plain = reduce(model.detector, model.file, form);
  if (!plain) return plain.error();
  Reduced left = plain.value();
  if (from != nullptr) {
    Detector inherits = model.detector;
    auto body = corrected(inherits.body, *from, removed.value());
    if (!body) return body.error();
    inherits.body = std::move(body).value();
    auto reduced = reduce(inherits, model.file, form);
    if (!reduced) return reduced.error();
    left = std::move(reduced).value();
  }
  if (left.plan.widths.empty()) return Error{ErrorCode::kUnsupported, why_not_tuned(left.plan)};
  auto statistics = load_statistics(left.statistics);
  if (!statistics) return statistics.error();
  auto orders = load_orders(left.statistics, Importance::kGram);
  if (!orders) return orders.error();
  const PoolPlan one{left.plan.widths, removed.value()};
  Int8Change int8;
  if (from != nullptr) int8 = of_layers_in(plain.value().detector.body, from->int8);
  return TunedBody{std::move(left.detector),
                   std::move(statistics).value(),
                   std::move(plain).value().detector.body,
                   {std::move(orders).value(), {one}, {one}},
                   removed.value(),
                   std::move(int8)};
}

Result<Supernet> whole_change(const TunedBody& body, const Supernet& trained) {
  const auto after = corrected(body.detector.body, trained, body.share);
  if (!after) return after.error();
  Supernet whole;
  whole.lineage = trained.lineage;
  whole.knots = {body.share};
  whole.changes = changes_between(body.plain, after.value());
  whole.int8 = body.int8;
  return whole;
}

}  // namespace pare::engine
