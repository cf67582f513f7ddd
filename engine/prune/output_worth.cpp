#include "engine/prune/output_worth.h"

#include <algorithm>
#include <vector>

#include "engine/prune/block_elimination.h"
#include "engine/prune/linear_layer.h"

namespace pare::engine {
namespace {

bool consumes(const std::vector<Cut>& cuts) {
  return std::ranges::find(cuts, CutRole::kConsumes, &Cut::role) != cuts.end();
}

double middle(std::vector<double> values) {
  if (values.empty()) return 1;
  const auto at = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, at);
  return *at;
}

}  // namespace

Result<std::map<std::string, double>> output_errors(const Graph& graph, const Graph& changed,
                                                    const Groups& groups,
                                                    const Statistics& statistics) {
  std::map<std::string, double> errors;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!consumes(groups.cuts[n])) continue;
    const auto before = linear_layer(graph, groups, n);
    if (!before) return before.error();
    const auto after = linear_layer(changed, groups, n);
    if (!after) return after.error();
    const Eigen::MatrixXd& weights = before.value().weights;
    const Eigen::MatrixXd difference = after.value().weights - weights;
    if (difference.isZero(0)) continue;
    const auto gram = statistics.find(graph.nodes[n].name, static_cast<int>(weights.cols()));
    if (!gram) return gram.error();
    const Eigen::MatrixXd g = dense(*gram.value());
    errors[graph.nodes[n].name] =
        (difference * g).cwiseProduct(difference).sum() / output_variance(weights, g);
  }
  return errors;
}

Result<OutputWorth> output_worth(const Graph& graph, const Groups& groups,
                                 const Statistics& statistics,
                                 const std::map<std::string, double>& sensitivity,
                                 const std::map<std::string, std::vector<double>>& shares) {
  std::vector<double> known;
  for (const auto& [consumer, value] : sensitivity) known.push_back(value);
  const double usual = middle(std::move(known));
  OutputWorth worth;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!consumes(groups.cuts[n])) continue;
    const std::string& name = graph.nodes[n].name;
    const auto layer = linear_layer(graph, groups, n);
    if (!layer) return layer.error();
    const Eigen::MatrixXd& weights = layer.value().weights;
    const auto gram = statistics.find(name, static_cast<int>(weights.cols()));
    if (!gram) return gram.error();
    const Eigen::MatrixXd g = dense(*gram.value());
    const auto direct = shares.find(graph.nodes[n].outputs[0]);
    if (direct != shares.end() && std::ssize(direct->second) == weights.rows()) {
      for (Eigen::Index o = 0; o < weights.rows(); ++o) {
        worth[name].push_back(direct->second[static_cast<std::size_t>(o)] /
                              output_variance(weights.row(o), g));
      }
      continue;
    }
    const auto own = sensitivity.find(name);
    const double value = own == sensitivity.end() ? usual : own->second;
    worth[name].assign(static_cast<std::size_t>(weights.rows()),
                       value / output_variance(weights, g));
  }
  return worth;
}

}  // namespace pare::engine
