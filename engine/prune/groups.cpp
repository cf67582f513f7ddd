#include "engine/prune/groups.h"

#include <algorithm>
#include <set>

#include "engine/prune/channel_classes.h"
#include "engine/prune/flow_through.h"
#include "engine/prune/shuffles.h"

namespace pare::engine {
namespace {

// Where the channels of one class are made, carried and read: nodes, ascending.
struct Touched {
  std::vector<std::size_t> producers, carriers, consumers, readers;
};

void add_once(std::vector<std::size_t>& nodes, std::size_t node) {
  if (nodes.empty() || nodes.back() != node) nodes.push_back(node);
}

void add_all(std::vector<std::size_t>& into, const std::vector<std::size_t>& from) {
  into.insert(into.end(), from.begin(), from.end());
  std::ranges::sort(into);
  into.erase(std::unique(into.begin(), into.end()), into.end());
}

class Grouping {
 public:
  Grouping(const Graph& graph, const Observation& observed, Flowed flowed, ChannelClasses& classes)
      : graph_(graph), observed_(observed), flowed_(std::move(flowed)), classes_(classes) {}

  Groups run(std::vector<Shuffle> shuffles) {
    touch();
    form_groups();
    list_frozen();
    Groups result;
    result.layouts = renamed_layouts();
    result.cuts = renamed_cuts();
    result.contractions = renamed_contractions();
    add_covers(result.layouts);
    result.groups = std::move(groups_);
    result.frozen = std::move(frozen_);
    result.shuffles = std::move(shuffles);
    return result;
  }

 private:
  void touch() {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      for (const Cut& cut : flowed_.cuts[n]) {
        for (const Symbol symbol : cut.symbols) {
          const Symbol s = classes_.find(symbol);
          if (s == kFixed) continue;
          Touched& touched = touched_[s];
          switch (cut.role) {
            case CutRole::kProduces: add_once(touched.producers, n); break;
            case CutRole::kConsumes: add_once(touched.consumers, n); break;
            case CutRole::kReads: add_once(touched.readers, n); break;
            case CutRole::kCarries:
              if (graph_.nodes[n].op == "Conv") add_once(touched.carriers, n);
              break;
          }
        }
      }
      for (const Contraction& contraction : flowed_.contractions[n]) {
        for (const Symbol symbol : contraction.symbols) {
          const Symbol s = classes_.find(symbol);
          if (s != kFixed) add_once(touched_[s].readers, n);
        }
      }
    }
  }

  // Units in the order in which the first of their convolutions makes them.
  void form_groups() {
    std::map<std::pair<std::vector<std::size_t>, std::vector<std::size_t>>, std::size_t> group_of;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      for (const Cut& cut : flowed_.cuts[n]) {
        if (cut.role != CutRole::kProduces) continue;
        for (const Symbol symbol : cut.symbols) {
          const Symbol s = classes_.find(symbol);
          if (s == kFixed || unit_.contains(s)) continue;
          const Touched& touched = touched_[s];
          const auto [at, is_new] =
              group_of.try_emplace({touched.producers, touched.readers}, groups_.size());
          if (is_new) groups_.push_back({name_for(n), {}, touched.producers, {}, {}, {}, {}});
          Group& group = groups_[at->second];
          add_all(group.carriers, touched.carriers);
          add_all(group.consumers, touched.consumers);
          add_all(group.readers, touched.readers);
          unit_[s] = static_cast<Symbol>(unit_.size() + 1);
          group.units.push_back(unit_[s]);
        }
      }
    }
  }

  std::string name_for(std::size_t node) {
    const std::string& name = graph_.nodes[node].name;
    const int number = ++names_[name];
    return number == 1 ? name : name + "#" + std::to_string(number);
  }

  void list_frozen() {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const auto& cuts = flowed_.cuts[n];
      const auto made = std::ranges::find(cuts, CutRole::kProduces, &Cut::role);
      if (made == cuts.end()) continue;
      std::vector<Frozen> here;
      for (const Symbol symbol : made->symbols) {
        const std::string_view reason = classes_.reason(symbol);
        if (reason.empty()) continue;
        auto same = std::ranges::find(here, reason, &Frozen::reason);
        if (same == here.end()) same = here.insert(here.end(), {n, 0, std::string(reason)});
        ++same->channels;
      }
      frozen_.insert(frozen_.end(), here.begin(), here.end());
    }
  }

  std::vector<Symbol> renamed(const std::vector<Symbol>& symbols) {
    std::vector<Symbol> units;
    units.reserve(symbols.size());
    for (const Symbol symbol : symbols) {
      const Symbol s = classes_.find(symbol);
      units.push_back(s == kFixed ? kFixed : unit_.at(s));
    }
    return units;
  }

  std::map<std::string, Layout> renamed_layouts() {
    std::map<std::string, Layout> layouts;
    for (const auto& [tensor, layout] : flowed_.layouts) {
      Layout named{layout.axes, renamed(layout.symbols)};
      if (is_fixed(named)) continue;
      // What was united after the node's flow may leave fewer dimensions to tell channels by.
      if (!is_sliceable(named)) named = shrink(named, observed_.shapes.find(tensor)->second);
      layouts.emplace(tensor, std::move(named));
    }
    return layouts;
  }

  std::vector<std::vector<Cut>> renamed_cuts() {
    std::vector<std::vector<Cut>> cuts = std::move(flowed_.cuts);
    for (std::vector<Cut>& of_node : cuts) {
      for (Cut& cut : of_node) cut.symbols = renamed(cut.symbols);
      std::erase_if(of_node, [](const Cut& cut) {
        return std::ranges::all_of(cut.symbols, [](Symbol s) { return s == kFixed; });
      });
    }
    return cuts;
  }

  std::vector<std::vector<Contraction>> renamed_contractions() {
    std::vector<std::vector<Contraction>> contractions = std::move(flowed_.contractions);
    for (std::vector<Contraction>& of_node : contractions) {
      for (Contraction& one : of_node) one.symbols = renamed(one.symbols);
      std::erase_if(of_node, [](const Contraction& one) {
        return std::ranges::all_of(one.symbols, [](Symbol s) { return s == kFixed; });
      });
    }
    return contractions;
  }

  // A tensor that holds nothing but some units of each of its groups would be empty without them:
  // one of the group that it holds most of must stay.
  void add_covers(const std::map<std::string, Layout>& layouts) {
    std::vector<std::pair<std::size_t, int>> place(unit_.size() + 1);  // group, position
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      for (std::size_t u = 0; u < groups_[g].units.size(); ++u) {
        place[groups_[g].units[u]] = {g, static_cast<int>(u)};
      }
    }
    std::vector<std::set<std::vector<int>>> covers(groups_.size());
    for (const auto& [tensor, layout] : layouts) {
      const bool stays = std::ranges::any_of(layout.symbols, [](Symbol s) { return s == kFixed; });
      if (stays || !is_sliceable(layout)) continue;
      std::map<std::size_t, std::set<int>> held;  // by group
      for (const Symbol s : layout.symbols) held[place[s].first].insert(place[s].second);
      const bool holds_all = std::ranges::any_of(
          held, [&](const auto& of) { return of.second.size() == groups_[of.first].units.size(); });
      if (holds_all) continue;
      const auto& [group, most] =
          *std::ranges::max_element(held, {}, [](const auto& of) { return of.second.size(); });
      covers[group].emplace(most.begin(), most.end());
    }
    for (std::size_t g = 0; g < groups_.size(); ++g) groups_[g].covers = minimal(covers[g]);
  }

  // Without the sets that hold another one: it covers them too.
  static std::vector<std::vector<int>> minimal(const std::set<std::vector<int>>& sets) {
    std::vector<std::vector<int>> kept;
    for (const std::vector<int>& set : sets) {
      const bool holds_another = std::ranges::any_of(sets, [&](const std::vector<int>& other) {
        return other != set && std::ranges::includes(set, other);
      });
      if (!holds_another) kept.push_back(set);
    }
    return kept;
  }

  const Graph& graph_;
  const Observation& observed_;
  Flowed flowed_;
  ChannelClasses& classes_;
  std::map<Symbol, Touched> touched_;  // by class
  std::map<Symbol, Symbol> unit_;      // of a class
  std::map<std::string, int> names_;
  std::vector<Group> groups_;
  std::vector<Frozen> frozen_;
};

std::vector<std::string> names_of(const Graph& graph, std::vector<std::size_t> nodes) {
  std::ranges::sort(nodes);
  std::vector<std::string> names;
  for (const std::size_t n : nodes) names.push_back(graph.nodes[n].name);
  return names;
}

}  // namespace

Result<Groups> find_groups(const Graph& graph, const Observation& observed,
                           std::span<const OpDef> ops) {
  ChannelClasses classes;
  Result<Flowed> flowed = flow_through(graph, observed, ops, classes);
  if (!flowed) return flowed.error();
  Result<std::vector<Shuffle>> shuffles =
      find_shuffles(graph, observed, ops, flowed.value(), classes);
  if (!shuffles) return shuffles.error();
  return Grouping(graph, observed, std::move(flowed).value(), classes)
      .run(std::move(shuffles).value());
}

GroupSummary summarize(const Groups& groups, const Graph& graph, int step) {
  PARE_CHECK(step > 0, "widths in steps of nothing");
  GroupSummary summary;
  for (const Frozen& frozen : groups.frozen) {
    summary.frozen.push_back({graph.nodes[frozen.node].name, frozen.channels, frozen.reason});
  }
  for (const Group& group : groups.groups) {
    const int full = static_cast<int>(group.units.size());
    std::vector<int> widths;
    for (int width = step; width < full; width += step) {
      if (width >= static_cast<int>(group.covers.size())) widths.push_back(width);
    }
    if (widths.empty()) {
      summary.frozen.push_back(
          {group.name, full, "no narrower width is a multiple of " + std::to_string(step)});
      continue;
    }
    widths.push_back(full);
    std::vector<std::size_t> makers = group.producers;
    makers.insert(makers.end(), group.carriers.begin(), group.carriers.end());
    std::vector<std::size_t> readers = group.consumers;
    readers.insert(readers.end(), group.readers.begin(), group.readers.end());
    summary.groups.push_back({group.name, full, std::move(widths), names_of(graph, makers),
                              names_of(graph, std::move(readers))});
  }
  return summary;
}

}  // namespace pare::engine
