#include "engine/prune/importance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/prune/block_elimination.h"
#include "engine/prune/linear_layer.h"
#include "engine/prune/thinet.h"

namespace pare::engine {
namespace {

// Places of a group's units by symbol.
std::map<Symbol, int> places(const Group& group) {
  std::map<Symbol, int> place;
  for (std::size_t u = 0; u < group.units.size(); ++u) place[group.units[u]] = static_cast<int>(u);
  return place;
}

std::vector<int> by_descending(const std::vector<double>& scores) {
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](int a, int b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  return order;
}

// Sum of |x|^power of a unit's rows over the producers, each relative to its mean.
Result<std::vector<double>> norms(const Graph& graph, const Groups& groups, const Group& group,
                                  int power) {
  const std::map<Symbol, int> place = places(group);
  std::vector<double> total(group.units.size(), 0);
  for (const std::size_t n : group.producers) {
    const Node& node = graph.nodes[n];
    const auto& cuts = groups.cuts[n];
    const Cut& cut = *std::ranges::find(cuts, CutRole::kProduces, &Cut::role);
    const auto input = static_cast<std::size_t>(cut.input);
    if (const auto weights = fp32_constant(graph, node, input); !weights) return weights.error();
    const Tensor& weight = graph.constants.find(node.inputs[input])->second;
    std::vector<double> own(group.units.size(), 0);
    for (std::size_t c = 0; c < cut.symbols.size(); ++c) {
      const auto unit = place.find(cut.symbols[c]);
      if (unit == place.end()) continue;
      const auto channel = static_cast<std::int64_t>(c);
      const Tensor row = select(weight, cut.axis, std::span(&channel, 1));
      for (const float x : row.values<float>()) {
        own[static_cast<std::size_t>(unit->second)] += std::pow(std::abs(double{x}), power);
      }
    }
    const double mean =
        std::accumulate(own.begin(), own.end(), 0.0) / static_cast<double>(own.size());
    for (std::size_t u = 0; u < own.size(); ++u) total[u] += mean > 0 ? own[u] / mean : 0;
  }
  return total;
}

// FNV-1a, and splitmix64 from there: the same order on every platform.
std::vector<double> random_scores(const Group& group) {
  std::uint64_t state = 14695981039346656037U;
  for (const char c : group.name) {
    state = (state ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  std::vector<double> scores;
  for (std::size_t u = 0; u < group.units.size(); ++u) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    scores.push_back(static_cast<double>((z ^ (z >> 31)) >> 11));
  }
  return scores;
}

// The most important unit of every cover that none before covers, then the others.
std::vector<int> covering(const Group& group, const std::vector<int>& order) {
  std::vector<int> first;
  for (const std::vector<int>& cover : group.covers) {
    const auto in_cover = [&](int u) { return std::ranges::binary_search(cover, u); };
    if (std::ranges::any_of(first, in_cover)) continue;
    first.push_back(*std::ranges::find_if(order, in_cover));
  }
  std::vector<int> result;
  const auto leads = [&](int u) { return std::ranges::find(first, u) != first.end(); };
  std::ranges::copy_if(order, std::back_inserter(result), leads);
  std::ranges::copy_if(order, std::back_inserter(result), [&](int u) { return !leads(u); });
  return result;
}

// What readers that cannot be refitted lose at each width: the share of the squares that goes.
std::vector<double> share_lost(const std::vector<double>& squares, const std::vector<int>& order) {
  const double all = std::accumulate(squares.begin(), squares.end(), 0.0);
  std::vector<double> lost(order.size() + 1, 0);
  for (std::size_t width = order.size(); width-- > 0;) {
    const double own = squares[static_cast<std::size_t>(order[width])];
    lost[width] = lost[width + 1] + (all > 0 ? own / all : 0);
  }
  return lost;
}

// Each consumer is inverted once, whatever the number of groups that it reads.
class GramRanking {
 public:
  GramRanking(const Graph& graph, const Groups& groups, const Statistics& statistics,
              const OutputWorth& worth)
      : graph_(graph), groups_(groups), statistics_(statistics), worth_(worth) {}

  Result<BlockElimination::Outcome> rank(const Group& group) {
    BlockElimination elimination(static_cast<int>(group.units.size()));
    for (const std::size_t n : group.consumers) {
      if (const auto known = prepare(n); !known) return known.error();
      const Prepared& consumer = prepared_.at(n);
      elimination.add_layer(consumer.layer.weights, consumer.inverse,
                            columns_by_unit(consumer.layer, group), consumer.worth);
    }
    return elimination.run();
  }

 private:
  struct Prepared {
    LinearLayer layer;
    Eigen::MatrixXd inverse;
    Eigen::VectorXd worth;  // of each output
  };

  Result<std::monostate> prepare(std::size_t n) {
    if (prepared_.contains(n)) return std::monostate{};
    Result<LinearLayer> layer = linear_layer(graph_, groups_, n);
    if (!layer) return layer.error();
    Prepared consumer{std::move(layer).value(), {}, {}};
    const Result<const Gram*> gram =
        statistics_.find(graph_.nodes[n].name, static_cast<int>(consumer.layer.weights.cols()));
    if (!gram) return gram.error();
    const Eigen::MatrixXd g = dense(*gram.value());
    const Eigen::MatrixXd& weights = consumer.layer.weights;
    if (const auto known = worth_.find(graph_.nodes[n].name); known != worth_.end()) {
      PARE_CHECK(std::ssize(known->second) == weights.rows(), "worth of other outputs");
      consumer.worth = Eigen::Map<const Eigen::VectorXd>(known->second.data(), weights.rows());
    } else {
      consumer.worth = Eigen::VectorXd::Constant(weights.rows(), 1 / output_variance(weights, g));
    }
    consumer.inverse = damped_inverse(g);
    prepared_.emplace(n, std::move(consumer));
    return std::monostate{};
  }

  const Graph& graph_;
  const Groups& groups_;
  const Statistics& statistics_;
  const OutputWorth& worth_;
  std::map<std::size_t, Prepared> prepared_;
};

}  // namespace

Result<Ranking> rank_by_gram(const Graph& graph, const Groups& groups, const Statistics& statistics,
                             const OutputWorth& worth) {
  GramRanking by_gram(graph, groups, statistics, worth);
  Ranking ranking;
  for (const Group& group : groups.groups) {
    if (group.consumers.empty()) {  // nobody can be refitted; the smallest go first
      const Result<std::vector<double>> scores = norms(graph, groups, group, 2);
      if (!scores) return scores.error();
      const auto& order = ranking.orders[group.name] =
          covering(group, by_descending(scores.value()));
      ranking.damage[group.name] = group.readers.empty()
                                       ? std::vector<double>(group.units.size() + 1, 0)
                                       : share_lost(scores.value(), order);
      continue;
    }
    Result<BlockElimination::Outcome> ranked = by_gram.rank(group);
    if (!ranked) return ranked.error();
    ranking.orders[group.name] = covering(group, ranked.value().order);
    ranking.damage[group.name] = std::move(ranked).value().damage;
  }
  return ranking;
}

Result<UnitOrders> rank_units(const Graph& graph, const Groups& groups, Importance importance,
                              const Statistics& statistics) {
  if (importance == Importance::kGram) {
    auto ranking = rank_by_gram(graph, groups, statistics);
    if (!ranking) return ranking.error();
    return std::move(ranking).value().orders;
  }
  UnitOrders orders;
  for (const Group& group : groups.groups) {
    std::vector<int> order;
    if (importance == Importance::kRandom) {
      order = by_descending(random_scores(group));
    } else if (importance == Importance::kThinet && !group.consumers.empty()) {
      Result<std::vector<int>> ranked = thinet_order(graph, groups, group, statistics);
      if (!ranked) return ranked.error();
      order = std::move(ranked).value();
    } else {
      const int power = importance == Importance::kL1 ? 1 : 2;
      const Result<std::vector<double>> scores = norms(graph, groups, group, power);
      if (!scores) return scores.error();
      order = by_descending(scores.value());
    }
    orders[group.name] = covering(group, order);
  }
  return orders;
}

UnitOrders orders_by_score(const Groups& groups,
                           const std::map<std::string, std::vector<double>>& scores) {
  UnitOrders orders;
  for (const Group& group : groups.groups) {
    orders[group.name] = covering(group, by_descending(scores.at(group.name)));
  }
  return orders;
}

void store(const UnitOrders& orders, Importance importance, TensorFile& file) {
  for (const auto& [group, order] : orders) {
    const std::vector<std::int32_t> units(order.begin(), order.end());
    file.tensors["order/" + std::string(name_of(importance)) + "/" + group] =
        Tensor::of<std::int32_t>({std::ssize(units)}, units);
  }
}

Result<UnitOrders> load_orders(const TensorFile& file, Importance importance) {
  const std::string prefix = "order/" + std::string(name_of(importance)) + "/";
  UnitOrders orders;
  for (const auto& [name, tensor] : file.tensors) {
    if (!name.starts_with(prefix)) continue;
    if (tensor.dtype() != DType::kInt32) {
      return Error{ErrorCode::kInvalidArgument, "statistics: " + name + " is no order of units"};
    }
    const auto units = tensor.values<std::int32_t>();
    orders[name.substr(prefix.size())].assign(units.begin(), units.end());
  }
  if (orders.empty()) {
    return Error{ErrorCode::kNotFound,
                 "the statistics hold no order by " + std::string(name_of(importance)) +
                     (needs_gradients(importance) ? ": `pare-train importance` learns it" : "")};
  }
  return orders;
}

Result<std::monostate> check_orders(const UnitOrders& orders, const Groups& groups) {
  for (const Group& group : groups.groups) {
    const auto own = orders.find(group.name);
    if (own != orders.end() && own->second.size() == group.units.size()) continue;
    return Error{ErrorCode::kNotFound,
                 "the statistics say nothing of group " + group.name +
                     ": they are of another version, which knew other groups; prepare anew"};
  }
  return std::monostate{};
}

void store(const Ranking& ranking, TensorFile& file) {
  store(ranking.orders, Importance::kGram, file);
  for (const auto& [group, damage] : ranking.damage) {
    file.tensors["damage/" + group] = Tensor::of<double>({std::ssize(damage)}, damage);
  }
}

Result<Ranking> load_ranking(const TensorFile& file) {
  auto orders = load_orders(file, Importance::kGram);
  if (!orders) return orders.error();
  Ranking ranking{std::move(orders).value(), {}};
  for (const auto& [group, order] : ranking.orders) {
    const auto at = file.tensors.find("damage/" + group);
    if (at == file.tensors.end()) {
      return Error{ErrorCode::kNotFound,
                   "the statistics say nothing of the damage of narrowing group " + group +
                       ": they are of a version before it was kept; prepare anew"};
    }
    if (at->second.dtype() != DType::kFloat64 ||
        static_cast<std::size_t>(at->second.size()) != order.size() + 1) {
      return Error{ErrorCode::kInvalidArgument,
                   "statistics: damage/" + group + " is of another network"};
    }
    const auto damage = at->second.values<double>();
    ranking.damage[group].assign(damage.begin(), damage.end());
  }
  return ranking;
}

}  // namespace pare::engine
